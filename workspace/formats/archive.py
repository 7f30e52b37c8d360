"""Databricks' archive, .dbc: a zip file of notebooks in JSON, in their folders."""

import json
from pathlib import Path, PurePosixPath
from typing import Any
from zipfile import BadZipFile, ZipFile

from workspace.formats.cells import NotebookFormatError, language_named

# The notebooks of a course are a thousandth of it; a zip file of a few kB can hold far more.
_MOST_BYTES = 64 * 1024**2


def unpack_archive(path: Path, folder: Path) -> None:
    """Write an archive's notebooks into a folder, as they lie in the archive, in Jupyter's format.

    Raises:
        NotebookFormatError: the file is no archive, or holds what no archive should.
    """
    try:
        with ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _MOST_BYTES:
                raise NotebookFormatError(f"it holds more than {_MOST_BYTES:,} bytes")
            for name in archive.namelist():
                if not name.endswith("/"):
                    _write(folder / _inside(name), archive.read(name))
    except NotebookFormatError as error:
        raise NotebookFormatError(f"{path}: {error}") from error
    except (BadZipFile, OSError) as error:
        raise NotebookFormatError(f"{path}: {error}") from error


def _inside(name: str) -> Path:
    """Return where a notebook is to be: in the folder, whatever the archive says."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise NotebookFormatError(f"{name} would be written outside of the folder")
    return Path(path.with_suffix(".ipynb"))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(_to_jupyter(path.stem, content)), encoding="utf-8")


def _to_jupyter(name: str, content: bytes) -> dict[str, Any]:
    """Return a notebook of the archive in Jupyter's format: commands in their order, each a cell."""
    try:
        found = json.loads(content)
        commands = sorted(found["commands"], key=lambda command: float(command["position"]))
        cells = [(str(command["command"]), str(command.get("commandTitle") or "")) for command in commands]
        language = language_named(str(found["language"]))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotebookFormatError(f"{name} is no notebook of Databricks' ({error})") from error
    return {
        "cells": [
            {
                "cell_type": "code",
                "metadata": {"application/vnd.databricks.v1+cell": {"title": title}},
                "source": text,
            }
            for text, title in cells
        ],
        "metadata": {"application/vnd.databricks.v1+notebook": {"language": language}},
    }
