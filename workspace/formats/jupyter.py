"""Jupyter's format, .ipynb: as Jupyter itself writes it, and as Databricks exports it."""

import json
from collections.abc import Iterator
from typing import Any

from workspace.formats.cells import Cell, Language, NotebookFormatError, language_named, make_cell

_OF_NOTEBOOK = "application/vnd.databricks.v1+notebook"
_OF_CELL = "application/vnd.databricks.v1+cell"


def read_jupyter(text: str) -> tuple[Cell, ...]:
    """Return the cells of a notebook in Jupyter's format 4.

    Raises:
        NotebookFormatError: it is not JSON, or not such a notebook.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise NotebookFormatError(f"not JSON ({error}); was the file cut off?") from error
    cells = document.get("cells") if isinstance(document, dict) else None
    if not isinstance(cells, list):
        raise NotebookFormatError("no list of cells in it: not a Jupyter notebook of format 4")
    return tuple(_cells(cells, _language(document)))


def _cells(cells: list[Any], language: Language) -> Iterator[Cell]:
    """Yield the cells that hold something; raw ones are for converters, not for running."""
    for number, cell in enumerate(cells, start=1):
        if not isinstance(cell, dict):
            raise NotebookFormatError(f"cell {number} is no JSON object")
        text, kind = _text(cell.get("source", ""), number), cell.get("cell_type")
        if not text.strip() or kind not in {"code", "markdown"}:
            continue
        title = _inner(cell, _OF_CELL).get("title") or ""
        if kind == "markdown":
            yield Cell(number, Language.MARKDOWN, text.strip(), str(title))
        else:
            yield make_cell(number, text, language, str(title))


def _text(source: object, number: int) -> str:
    """Return a cell's text, which the format has as one string or as a list of lines."""
    lines = [source] if isinstance(source, str) else source
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise NotebookFormatError(f"cell {number}: its source is neither text nor a list of lines")
    return "".join(lines).replace("\r\n", "\n")


def _language(document: dict[str, Any]) -> Language:
    """Return the notebook's own language: Databricks' word for it, else Jupyter's, else Python."""
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    named = (
        _inner({"metadata": metadata}, _OF_NOTEBOOK).get("language"),
        _inner({"metadata": metadata}, "kernelspec").get("language"),
        _inner({"metadata": metadata}, "language_info").get("name"),
    )
    return language_named(str(next(filter(None, named), "python")))


def _inner(holder: dict[str, Any], key: str) -> dict[str, Any]:
    """Return the object of that name in the metadata, empty where there is none."""
    metadata = holder.get("metadata")
    found = metadata.get(key) if isinstance(metadata, dict) else None
    return found if isinstance(found, dict) else {}
