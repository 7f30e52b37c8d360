"""Notebooks that tests write."""

import re
from pathlib import Path


def write(folder: Path, name: str, *cells: str) -> Path:
    """Write a notebook of Python's source format; a cell that begins with % is written as magic."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "# Databricks notebook source\n" + "\n\n# COMMAND ----------\n\n".join(map(_source, cells))
    )
    return path


def _source(cell: str) -> str:
    return re.sub("^", "# MAGIC ", cell, flags=re.M) if cell.startswith("%") else cell
