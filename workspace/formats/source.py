"""Databricks' source format: a .py or .sql file whose comments part it into cells."""

import re
from collections.abc import Iterable, Iterator

from workspace.formats.cells import Cell, Language, NotebookFormatError, make_cell

# By a file's suffix: its language, and how a comment begins in it.
SOURCES = {".py": (Language.PYTHON, "#"), ".sql": (Language.SQL, "--")}
_TITLE = re.compile(r"DBTITLE [01],(.*)")
_HEADER = "Databricks notebook source"
_SEPARATOR = "COMMAND ----------"


def read_source(text: str, suffix: str) -> tuple[Cell, ...]:
    """Return the cells of a source file, its line ends being newlines alone.

    Raises:
        NotebookFormatError: its first line is not the one that such a file begins with.
    """
    language, comment = SOURCES[suffix]
    parts = enumerate(read_parts(text, comment), start=1)
    cells = (_cell(number, part, line, language, comment) for number, (line, part) in parts)
    return tuple(cell for cell in cells if cell.text.strip() or cell.language == Language.RUN)


def read_parts(text: str, comment: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each cell's lines, and the number of the first of them in the file.

    Raises:
        NotebookFormatError: the first line is not the one that such a file begins with.
    """
    lines, header, separator = text.split("\n"), f"{comment} {_HEADER}", f"{comment} {_SEPARATOR}"
    if lines[0].rstrip() != header:
        raise NotebookFormatError(f"its first line is not `{header}`, by which Databricks knows a notebook")
    begin = 1
    for number, line in enumerate([*lines[1:], separator], start=1):
        if line.rstrip() == separator:
            yield begin + 1, lines[begin:number]
            begin = number + 1


def join_parts(parts: Iterable[str], comment: str) -> str:
    """Return the text of a source file with these cells."""
    return f"{comment} {_HEADER}\n" + f"\n\n{comment} {_SEPARATOR}\n\n".join(parts) + "\n"


def without_magic(line: str, comment: str) -> str:
    """Return a line without the prefix of a cell in another language."""
    return re.sub(rf"^{comment} MAGIC ?", "", line)


def _cell(number: int, lines: list[str], line: int, language: Language, comment: str) -> Cell:
    """Return a cell of its lines: titles taken out, MAGIC's prefixes removed."""
    title = ""
    kept: list[str] = []
    for each in lines:
        found = _TITLE.fullmatch(each.removeprefix(f"{comment} ").rstrip())
        if found and not title and not "".join(kept).strip():
            title = found[1].strip()
            kept.append("")
        else:
            kept.append(without_magic(each, comment))
    return make_cell(number, "\n".join(kept), language, title, line)
