"""Databricks' source files as documents of Jupyter, and back: what is edited in a browser stays a source file.

A cell of the document is the source's own text without the MAGIC prefixes, its title's comment included. Outputs have
no place in a source file, and blank lines around a cell are not kept.
"""

import re
from collections.abc import Mapping
from typing import Any

from workspace.formats.cells import Language, make_cell
from workspace.formats.source import SOURCES, join_parts, read_parts, without_magic

_TITLE = re.compile(r"\s*(?:#|--) (DBTITLE [01],.*)(?:\n|$)")
_METADATA = {
    "kernelspec": {"name": "pinterest", "display_name": "Pinterest pipeline (Spark)", "language": "python"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}


def split_title(text: str) -> tuple[str, str]:
    """Return the comment that gives a cell its title, without its sign, or an empty text; and the rest of the cell."""
    match = _TITLE.match(text)
    return (match[1], text[match.end() :]) if match else ("", text)


def to_jupyter(text: str, suffix: str) -> dict[str, Any]:
    """Return a source file's notebook as a document of nbformat 4.5.

    Raises:
        NotebookFormatError: its first line is not the one that such a file begins with.
    """
    language, comment = SOURCES[suffix]
    parts = (
        "\n".join(without_magic(line, comment) for line in lines) for _, lines in read_parts(text, comment)
    )
    texts = [part.strip("\n").rstrip() for part in parts]
    cells = [_cell(text, number, language) for number, text in enumerate(filter(None, texts), start=1)]
    return {"cells": cells, "metadata": _METADATA, "nbformat": 4, "nbformat_minor": 5}


def to_source(document: Mapping[str, Any], suffix: str) -> str:
    """Return a document of Jupyter's as a source file."""
    language, comment = SOURCES[suffix]
    return join_parts((_part(cell, language, comment) for cell in document["cells"]), comment)


def _cell(text: str, number: int, default: Language) -> dict[str, Any]:
    title, body = split_title(text)
    head = f"# {title}\n" if title else ""
    cell = {"id": f"cell-{number}", "metadata": {}, "source": head + body}
    read = make_cell(number, body, default)
    if read.language == Language.MARKDOWN:
        return cell | {
            "cell_type": "markdown",
            "source": read.text.strip(),
            "metadata": {"title": title} if title else {},
        }
    if default == Language.SQL and not body.lstrip().startswith("%"):
        cell["source"] = f"{head}%sql\n{body}"
    return cell | {"cell_type": "code", "execution_count": None, "outputs": []}


def _part(cell: Mapping[str, Any], default: Language, comment: str) -> str:
    source = cell["source"]
    text = source if isinstance(source, str) else "".join(source)
    if cell["cell_type"] != "code":
        title = cell["metadata"].get("title", "")
        return _titled(title, _magic(f"%md\n{text}", comment), comment)
    title, body = split_title(text)
    own = re.match(r"\s*%sql[ \t]*\n?", body)
    if default == Language.SQL and own:
        return _titled(title, body[own.end() :], comment)
    if default == Language.SQL and not body.lstrip().startswith("%"):
        body = f"%python\n{body}"
    return _titled(title, _magic(body, comment) if body.lstrip()[:1] in {"%", "!"} else body, comment)


def _titled(title: str, body: str, comment: str) -> str:
    return f"{comment} {title}\n{body}" if title else body


def _magic(text: str, comment: str) -> str:
    return "\n".join(f"{comment} MAGIC {line}".rstrip() for line in text.split("\n"))
