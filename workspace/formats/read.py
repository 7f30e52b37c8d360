"""Read a file as the notebook that its suffix says it is; find the notebooks of a folder."""

from pathlib import Path

from workspace.formats.cells import Cell, Notebook, NotebookFormatError
from workspace.formats.jupyter import read_jupyter
from workspace.formats.source import SOURCES, read_source

NOTEBOOK_SUFFIXES = (".py", ".sql", ".ipynb")


def read_notebook(path: Path) -> Notebook:
    """Return the notebook in a file.

    Raises:
        NotebookFormatError: the file is missing, or is none; the message begins with its path.
    """
    try:
        return Notebook(path, _cells(path))
    except NotebookFormatError as error:
        raise NotebookFormatError(f"{path}: {error}") from error
    except OSError as error:
        raise NotebookFormatError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise NotebookFormatError(f"{path}: byte {error.start} is not UTF-8") from error


def find_notebooks(folder: Path) -> list[Path]:
    """Return the notebooks that lie in a folder itself, by name; modules and scripts beside them are left out."""
    files = [path for path in folder.iterdir() if path.is_file() and path.suffix in NOTEBOOK_SUFFIXES]
    return sorted(path for path in files if path.suffix not in SOURCES or is_source_notebook(path))


def _cells(path: Path) -> tuple[Cell, ...]:
    if path.suffix not in NOTEBOOK_SUFFIXES:
        raise NotebookFormatError(f"not a notebook: its name ends in none of {', '.join(NOTEBOOK_SUFFIXES)}")
    # Databricks writes no byte order mark; editors on Windows do, and end lines with two characters.
    text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    return read_jupyter(text) if path.suffix == ".ipynb" else read_source(text, path.suffix)


def is_source_notebook(path: Path) -> bool:
    """Return whether a .py or .sql file begins as Databricks' source format does."""
    comment = SOURCES[path.suffix][1].encode()
    with path.open("rb") as file:
        return (
            file.readline().removeprefix(b"\xef\xbb\xbf").rstrip() == comment + b" Databricks notebook source"
        )
