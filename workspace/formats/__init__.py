"""Databricks' notebook formats, read into cells. Pure: nothing here runs a cell or knows Spark."""

from workspace.formats.cells import Cell, Language, Notebook, NotebookFormatError
from workspace.formats.read import NOTEBOOK_SUFFIXES, find_notebooks, read_notebook

__all__ = [
    "NOTEBOOK_SUFFIXES",
    "Cell",
    "Language",
    "Notebook",
    "NotebookFormatError",
    "find_notebooks",
    "read_notebook",
]
