"""A notebook's cells, and the magic in a cell's first line that says what language it is in."""

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_MAGIC = re.compile(r"%{1,2}(?P<name>[a-z][\w-]*)(?:[ \t]+(?P<rest>.*))?")
# Other spellings of the languages below: Jupyter's, and Databricks' older ones.
_SPELLINGS = {
    "bash": "sh",
    "markdown": "md",
    "md-sandbox": "md",
    "py": "python",
    "script": "sh",
}
_FOREIGN = {"scala": "Scala", "r": "R", "java": "Java", "javascript": "JavaScript", "js": "JavaScript"}


class NotebookFormatError(ValueError):
    """A file that cannot be read as a notebook; the message says which, where, and what to do."""


class Language(StrEnum):
    """The language of a cell, named by the magic that begins such a cell."""

    PYTHON = "python"
    SQL = "sql"
    MARKDOWN = "md"
    RUN = "run"
    FILES = "fs"
    SHELL = "sh"
    PIP = "pip"
    FOREIGN = "foreign"
    """One that does not run here; the cell's text keeps its magic."""


_NAMED = {*Language} - {Language.FOREIGN}


@dataclass(frozen=True)
class Cell:
    """One cell.

    Attributes:
        number: counts from 1, empty cells included, as a notebook's page shows them.
        text: without the magic that names the language; its first line stays, so that lines keep their numbers.
        title: what the notebook calls the cell, or empty.
        line: the line of the file at which the text begins, or 0 where the format has no such lines (.ipynb).
    """

    number: int
    language: Language
    text: str
    title: str = ""
    line: int = 0


@dataclass(frozen=True)
class Notebook:
    """A notebook's file and its cells, empty ones left out."""

    path: Path
    cells: tuple[Cell, ...]


def make_cell(number: int, text: str, default: Language, title: str = "", line: int = 0) -> Cell:
    """Return a cell of the language that its first line's magic names, else of the notebook's own.

    Other magics, such as %time, are Python's: they stay in the text.
    """
    body = text.lstrip()
    blank = text.removesuffix(body)
    first, newline, others = body.partition("\n")
    match = _MAGIC.fullmatch(first.strip())
    name = _SPELLINGS.get(match["name"], match["name"]) if match else ""
    if name in _FOREIGN:
        return Cell(number, Language.FOREIGN, text.rstrip(), title, line)
    if match is None or name not in _NAMED:
        return Cell(number, default, text.rstrip(), title, line)
    kept = f"{blank}{match['rest'] or ''}{newline}{others}".rstrip()
    return Cell(number, Language(name), kept, title, line)


def foreign_language(cell: Cell) -> str:
    """Return why a cell in another language fails."""
    match = _MAGIC.match(cell.text.lstrip())
    name = match["name"] if match else ""
    return f"%{name} is {_FOREIGN[name]}, which does not run here; Python and SQL do"


def language_named(name: str) -> Language:
    """Return the language of a whole notebook.

    Raises:
        NotebookFormatError: it is neither Python nor SQL.
    """
    if name.lower() in {"python", "ipython", "sql"}:
        return Language.SQL if name.lower() == "sql" else Language.PYTHON
    raise NotebookFormatError(f"the notebook is in {name}, which does not run here; Python and SQL do")
