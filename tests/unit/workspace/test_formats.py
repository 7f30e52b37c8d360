"""Notebook formats: each read into the same cells, and what is none of them refused with a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from workspace.formats import Cell, Language, NotebookFormatError, find_notebooks, read_notebook

PYTHON_SOURCE = """\
# Databricks notebook source
# MAGIC %md
# MAGIC # Clean the posts
# MAGIC
# MAGIC Two lines.

# COMMAND ----------

# DBTITLE 1,Read, then count
posts = spark.read.json("/mnt/posts")

posts.count()

# COMMAND ----------



# COMMAND ----------

# MAGIC %sql
# MAGIC SELECT 1;
# MAGIC SELECT 2

# COMMAND ----------

# MAGIC %run ./helpers $size="3"

# COMMAND ----------

# MAGIC %time
x = 10 \\
    % 3
"""


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_bytes(text.encode(encoding))
    return path


def jupyter(cells: list[Any], **metadata: object) -> str:
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 0})


def code(*source: str, **metadata: object) -> dict[str, Any]:
    return {"cell_type": "code", "metadata": metadata, "outputs": [], "source": list(source)}


def test_python_source_is_read_into_cells_with_their_lines(tmp_path: Path) -> None:
    cells = read_notebook(write(tmp_path, "clean.py", PYTHON_SOURCE)).cells
    assert cells == (
        Cell(1, Language.MARKDOWN, "\n# Clean the posts\n\nTwo lines.", line=2),
        Cell(
            2,
            Language.PYTHON,
            '\n\nposts = spark.read.json("/mnt/posts")\n\nposts.count()',
            "Read, then count",
            8,
        ),
        Cell(4, Language.SQL, "\n\nSELECT 1;\nSELECT 2", line=19),
        Cell(5, Language.RUN, '\n./helpers $size="3"', line=25),
        Cell(6, Language.PYTHON, "\n%time\nx = 10 \\\n    % 3", line=29),
    )
    lines = PYTHON_SOURCE.split("\n")
    for cell in cells:
        last = cell.text.split("\n")[-1]
        assert lines[cell.line - 1 + cell.text.count("\n")].endswith(last)


@pytest.mark.parametrize(
    "changed",
    [PYTHON_SOURCE.replace("\n", "\r\n"), "\ufeff" + PYTHON_SOURCE, PYTHON_SOURCE.rstrip("\n")],
    ids=["line ends of Windows", "byte order mark", "no line end at the end"],
)
def test_editors_of_other_systems_change_nothing(tmp_path: Path, changed: str) -> None:
    plain = read_notebook(write(tmp_path, "clean.py", PYTHON_SOURCE)).cells
    assert read_notebook(write(tmp_path, "clean.py", changed)).cells == plain


def test_sql_source_has_python_cells_too(tmp_path: Path) -> None:
    text = (
        "-- Databricks notebook source\n-- DBTITLE 1,Count\nSELECT count(*)\nFROM pin\n\n"
        "-- COMMAND ----------\n\n-- MAGIC %python\n-- MAGIC pin.show()\n"
    )
    assert read_notebook(write(tmp_path, "query.sql", text)).cells == (
        Cell(1, Language.SQL, "\nSELECT count(*)\nFROM pin", "Count", 2),
        Cell(2, Language.PYTHON, "\n\npin.show()", line=7),
    )


def test_jupyter_with_databricks_metadata(tmp_path: Path) -> None:
    titled = {"application/vnd.databricks.v1+cell": {"title": "Mount", "showTitle": True}}
    cells = [
        code("x = 1\n", "x + 1", **titled),
        {"cell_type": "markdown", "metadata": {}, "source": "# Words"},
        code("%sql\n", "SELECT 1"),
        code("%run ", '"../classes/load"'),
        code(),
        {"cell_type": "raw", "metadata": {}, "source": "left out"},
        code("%fs ls /mnt"),
    ]
    text = jupyter(cells, **{"application/vnd.databricks.v1+notebook": {"language": "python"}})
    assert read_notebook(write(tmp_path, "a.ipynb", text)).cells == (
        Cell(1, Language.PYTHON, "x = 1\nx + 1", "Mount"),
        Cell(2, Language.MARKDOWN, "# Words"),
        Cell(3, Language.SQL, "\nSELECT 1"),
        Cell(4, Language.RUN, '"../classes/load"'),
        Cell(7, Language.FILES, "ls /mnt"),
    )


@pytest.mark.parametrize(
    ("metadata", "language"),
    [
        ({}, Language.PYTHON),
        ({"kernelspec": {"language": "python", "name": "python3"}}, Language.PYTHON),
        ({"language_info": {"name": "sql"}}, Language.SQL),
        ({"application/vnd.databricks.v1+notebook": {"language": "sql"}}, Language.SQL),
        ({"kernelspec": None, "language_info": "odd"}, Language.PYTHON),
    ],
)
def test_language_of_a_jupyter_notebook(tmp_path: Path, metadata: dict[str, Any], language: Language) -> None:
    [cell] = read_notebook(write(tmp_path, "a.ipynb", jupyter([code("1")], **metadata))).cells
    assert cell.language == language


@pytest.mark.parametrize("magic", ["%%bash\nls", "%sh ls", "%script\nls"])
def test_other_spellings_of_a_magic(tmp_path: Path, magic: str) -> None:
    [cell] = read_notebook(write(tmp_path, "a.ipynb", jupyter([code(magic)]))).cells
    assert (cell.language, cell.text.strip()) == (Language.SHELL, "ls")


def test_cell_in_a_language_that_does_not_run_here_is_kept_as_it_is(tmp_path: Path) -> None:
    source = "# Databricks notebook source\n# MAGIC %r\n# MAGIC x <- 1\n\n# COMMAND ----------\n\nx = 1\n"
    foreign, other = read_notebook(write(tmp_path, "a.py", source)).cells
    assert foreign == Cell(1, Language.FOREIGN, "%r\nx <- 1", line=2)
    assert other.language == Language.PYTHON
    [scala] = read_notebook(write(tmp_path, "a.ipynb", jupyter([code("%scala\nval x = 1")]))).cells
    assert scala.language == Language.FOREIGN


@pytest.mark.parametrize("magic", ["%foreign", "%tensorboard", "%time"])
def test_magic_that_names_no_language_is_pythons(tmp_path: Path, magic: str) -> None:
    [cell] = read_notebook(write(tmp_path, "a.ipynb", jupyter([code(magic)]))).cells
    assert cell == Cell(1, Language.PYTHON, magic)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("a.py", "print(1)\n", "its first line is not `# Databricks notebook source`"),
        ("a.sql", "# Databricks notebook source\n", "its first line is not `-- Databricks notebook source`"),
        ("a.py", "", "its first line is not"),
        ("a.ipynb", '{"cells": [{"cell_type": "code", "sou', "not JSON (Unterminated string"),
        ("a.ipynb", "[]", "no list of cells"),
        ("a.ipynb", '{"worksheets": [{"cells": []}], "nbformat": 3}', "format 4"),
        ("a.ipynb", '{"cells": [1]}', "cell 1 is no JSON object"),
        ("a.ipynb", '{"cells": [{"cell_type": "code", "source": 7}]}', "cell 1: its source is neither text"),
        ("a.ipynb", jupyter([], language_info={"name": "R"}), "the notebook is in R, which does not run"),
        ("a.scala", "// Databricks notebook source", "its name ends in none of .py, .sql, .ipynb"),
    ],
)
def test_what_is_no_notebook_is_refused_with_its_path(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    path = write(tmp_path, name, text)
    with pytest.raises(NotebookFormatError) as raised:
        read_notebook(path)
    assert str(raised.value).startswith(f"{path}: ")
    assert said in str(raised.value)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotebookFormatError, match=r"none\.py: No such file or directory"):
        read_notebook(tmp_path / "none.py")
    latin = write(tmp_path, "latin.py", PYTHON_SOURCE + "# caf\xe9", "latin-1")
    with pytest.raises(NotebookFormatError, match=rf"byte {len(PYTHON_SOURCE) + 5} is not UTF-8"):
        read_notebook(latin)


def test_notebooks_of_a_folder_leave_out_modules(tmp_path: Path) -> None:
    write(tmp_path, "b.py", PYTHON_SOURCE)
    write(tmp_path, "a.ipynb", jupyter([]))
    write(tmp_path, "c.sql", "\ufeff-- Databricks notebook source\r\nSELECT 1")
    write(tmp_path, "settings.py", "KEY = 1\n")
    write(tmp_path, "words.txt", "")
    (tmp_path / "d.py").mkdir()
    assert [path.name for path in find_notebooks(tmp_path)] == ["a.ipynb", "b.py", "c.sql"]
