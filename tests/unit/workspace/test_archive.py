"""Databricks' archives: their notebooks in a folder, and nothing beside it."""

import json
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from workspace.formats import Cell, Language, NotebookFormatError, read_notebook
from workspace.formats.archive import unpack_archive

NOTEBOOK = {
    "version": "NotebookV1",
    "name": "clean",
    "language": "python",
    "commands": [
        {"position": 2.0, "command": "%sql\nSELECT 1", "commandTitle": "One"},
        {"position": 1.5, "command": "x = 1", "commandTitle": None},
        {"position": 10, "command": "%md # Words"},
    ],
}


def archive(folder: Path, **entries: object) -> Path:
    path = folder / "course.dbc"
    with ZipFile(path, "w", ZIP_DEFLATED) as file:
        for name, content in entries.items():
            file.writestr(name, content if isinstance(content, bytes) else json.dumps(content))
    return path


def test_notebooks_keep_their_folders_and_the_order_of_cells(tmp_path: Path) -> None:
    path = archive(tmp_path, **{"course/": b"", "course/parts/clean.python": NOTEBOOK})
    unpack_archive(path, tmp_path / "out")
    assert read_notebook(tmp_path / "out" / "course" / "parts" / "clean.ipynb").cells == (
        Cell(1, Language.PYTHON, "x = 1"),
        Cell(2, Language.SQL, "\nSELECT 1", "One"),
        Cell(3, Language.MARKDOWN, "# Words"),
    )


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"../clean.python": NOTEBOOK}, "../clean.python would be written outside"),
        ({"/etc/clean.python": NOTEBOOK}, "/etc/clean.python would be written outside"),
        ({"a.python": {**NOTEBOOK, "language": "scala"}}, "the notebook is in scala"),
        ({"a.python": b"{"}, "a is no notebook of Databricks'"),
        ({"a.python": []}, "a is no notebook of Databricks'"),
        ({"a.python": {"language": "python", "commands": [1]}}, "a is no notebook of Databricks'"),
        ({"a.python": b" " * (64 * 1024**2 + 1)}, "it holds more than 67,108,864 bytes"),
    ],
)
def test_hostile_archives_are_refused(tmp_path: Path, entries: dict[str, object], said: str) -> None:
    path = archive(tmp_path, **entries)
    with pytest.raises(NotebookFormatError) as raised:
        unpack_archive(path, tmp_path / "out")
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)
    assert not (tmp_path / "clean.ipynb").exists()


def test_files_that_are_no_archive_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.dbc").write_text("words")
    with pytest.raises(NotebookFormatError, match=r"a\.dbc: File is not a zip file"):
        unpack_archive(tmp_path / "a.dbc", tmp_path / "out")
    with pytest.raises(NotebookFormatError, match=r"none\.dbc: .*No such file"):
        unpack_archive(tmp_path / "none.dbc", tmp_path / "out")
