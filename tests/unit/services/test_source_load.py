"""Rows that MySQL has no room for are refused with its disk's name; any other refusal is passed on as it is."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import mysql.connector
import pytest
from mysql.connector import errorcode

from contracts.rows import Row
from services.source import generator
from services.source.load import load_file, load_rows
from services.source.source_dir import SourceError


class Connection:
    """A connection, and its own cursor, that refuses all statements."""

    def __init__(self, number: int, message: str) -> None:
        self.refusal = mysql.connector.DatabaseError(message, errno=number)

    def cursor(self) -> Any:  # noqa: ANN401 - in the place of the library's
        return nullcontext(self)

    def execute(self, *_: object) -> None:
        raise self.refusal


def _load(connection: Connection, path: Path) -> None:
    load_file(connection, "pin", path, first=1, count=1, loaded=lambda _: None)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = Connection(errorcode.ER_RECORD_FILE_FULL, "The table 'pinterest_data' is full")
    with pytest.raises(SourceError) as told:
        _load(full, tmp_path / "rows.tsv")
    assert str(told.value) == (
        "MySQL's disk is full: The table 'pinterest_data' is full. Free disk, then `make up`"
    )


def _load_one(connection: Connection) -> None:
    rows: list[list[Row]] = [*generator.generate("pin", 1, seed=0)]
    load_rows(connection, "pin", rows, loaded=lambda _: None)


def test_a_full_disk_of_temporary_files_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(tmp_path, "0.tsv").symlink_to("/dev/full")
    monkeypatch.setattr("services.source.load.TemporaryDirectory", lambda: nullcontext(tmp_path))
    monkeypatch.setenv("TMPDIR", "/mine")
    with pytest.raises(SourceError) as told:
        _load_one(Connection(errorcode.ER_LOCK_DEADLOCK, "is not asked"))
    assert str(told.value) == (
        "the rows' files for MySQL cannot be written to /mine (TMPDIR): No space left on device."
        " Make room there, then `make up`"
    )


def test_a_refusal_amid_a_load_is_passed_on_and_leaves_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    refusing = Connection(errorcode.ER_LOCK_DEADLOCK, "Deadlock found when trying to get lock")
    with pytest.raises(mysql.connector.DatabaseError) as told:
        _load_one(refusing)
    assert told.value is refusing.refusal
    assert [*tmp_path.iterdir()] == []


def test_another_refusal_is_passed_on(tmp_path: Path) -> None:
    refusing = Connection(errorcode.ER_LOCK_DEADLOCK, "Deadlock found when trying to get lock")
    with pytest.raises(mysql.connector.DatabaseError) as told:
        _load(refusing, tmp_path / "rows.tsv")
    assert told.value is refusing.refusal
