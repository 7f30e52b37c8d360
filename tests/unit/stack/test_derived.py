"""The files that are written from the tables' declaration are as it says."""

from pathlib import Path

import pytest

from common.settings import ROOT
from contracts.tables import Declaration, SourceColumn, SourceType
from stack import derived


@pytest.mark.parametrize(("path", "text"), [*derived.files()], ids=lambda value: getattr(value, "name", ""))
def test_a_file_is_as_declared(path: Path, text: str) -> None:
    assert path.read_text(encoding="utf-8") == text, "run `make format`"


def test_every_source_table_has_a_file_and_no_other() -> None:
    written = {path.name for path, _ in derived.files() if path.suffix == ".sql"}
    assert written | {"source_load.sql"} == {path.name for path in (ROOT / "sql" / "mysql").glob("*.sql")}


def test_a_source_table_s_first_column_is_its_key() -> None:
    columns = (SourceColumn("ind", SourceType.INTEGER), SourceColumn("text", SourceType.TEXT))
    statement = derived.create_table(
        Declaration("comment_data", columns, "comments", "what was said of them", ())
    )
    assert statement.splitlines()[1:] == [
        "CREATE TABLE comment_data (",
        "    `ind` INT NOT NULL PRIMARY KEY,",
        "    `text` TEXT",
        ") CHARACTER SET utf8mb4;",
    ]


def test_a_document_without_its_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks a pair of lines <!-- source tables, by `make format` -->"):
        derived.contracts("# Contracts\n")
