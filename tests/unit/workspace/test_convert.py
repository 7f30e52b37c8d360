"""Test that a source file is the same notebook after it was open in a browser."""

import asyncio
from pathlib import Path

import nbformat
import pytest

from common.settings import ROOT
from workspace.formats.convert import to_jupyter, to_source
from workspace.lab.contents import SourceContents

EXAMPLES = sorted((ROOT / "notebooks").glob("*.py"))
SOURCE = """# Databricks notebook source
# MAGIC %md
# MAGIC # A title
# MAGIC
# MAGIC 100 % of it

# COMMAND ----------

# DBTITLE 1,Two numbers
x = 1
print("100 %s" % x)

# COMMAND ----------

# DBTITLE 1,A question
# MAGIC %sql
# MAGIC SELECT 1

# COMMAND ----------

# MAGIC %pip list

# COMMAND ----------

# MAGIC %scala
# MAGIC val x = 1
"""
SQL = """-- Databricks notebook source
SELECT 1

-- COMMAND ----------

-- DBTITLE 1,Another
SELECT 2;
SELECT 3

-- COMMAND ----------

-- MAGIC %python
-- MAGIC print(1)
"""


@pytest.mark.parametrize(("text", "suffix"), [(SOURCE, ".py"), (SQL, ".sql")])
def test_source_comes_back_as_it_was(text: str, suffix: str) -> None:
    document = to_jupyter(text, suffix)
    nbformat.validate(nbformat.from_dict(document))
    assert to_source(document, suffix) == text


def test_cells_are_their_own_text() -> None:
    cells = to_jupyter(SOURCE, ".py")["cells"]
    assert [cell["cell_type"] for cell in cells] == ["markdown", "code", "code", "code", "code"]
    assert cells[0]["source"] == "# A title\n\n100 % of it"
    assert cells[2]["source"] == "# DBTITLE 1,A question\n%sql\nSELECT 1"


def test_cells_of_a_sql_file_say_their_language() -> None:
    sources = [cell["source"] for cell in to_jupyter(SQL, ".sql")["cells"]]
    assert sources == [
        "%sql\nSELECT 1",
        "# DBTITLE 1,Another\n%sql\nSELECT 2;\nSELECT 3",
        "%python\nprint(1)",
    ]


def test_new_python_cell_of_a_sql_file_is_magic_there() -> None:
    document = to_jupyter(SQL, ".sql")
    document["cells"].append({"cell_type": "code", "metadata": {}, "source": ["x = 1\n", "x"]})
    assert to_source(document, ".sql").endswith("-- MAGIC %python\n-- MAGIC x = 1\n-- MAGIC x\n")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_the_worked_example_is_the_same_text_after_it_was_saved(path: Path) -> None:
    """Running it dirties a document, which JupyterLab saves by itself: the checkout is to stay clean."""
    assert to_source(to_jupyter(path.read_text(), ".py"), ".py") == path.read_text()


def test_further_blank_lines_are_all_that_is_lost(tmp_path: Path) -> None:
    path, again = tmp_path / "a.py", tmp_path / "b.py"
    path.write_text(SOURCE.replace("# COMMAND", "\n\n# COMMAND").replace("----------\n", "----------\n\n\n"))
    again.write_text(to_source(to_jupyter(path.read_text(), ".py"), ".py"))
    assert again.read_text() == SOURCE


@pytest.fixture
def contents(tmp_path: Path) -> SourceContents:
    return SourceContents(root_dir=str(tmp_path), delete_to_trash=False)


def names(contents: SourceContents) -> dict[str, str]:
    listed = asyncio.run(contents.get(""))["content"]
    return {entry["name"]: entry["type"] for entry in listed}


def test_source_notebook_is_opened_and_saved_as_source(contents: SourceContents, tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text(SOURCE)
    (tmp_path / "module.py").write_text("x = 1\n")
    assert names(contents) == {"a.ipynb": "notebook", "module.py": "file"}
    model = asyncio.run(contents.get("a.ipynb"))
    assert model["content"]["cells"][1]["source"].startswith("# DBTITLE 1,Two numbers")
    model["content"]["cells"][1]["source"] = "x = 2"
    asyncio.run(contents.save(model, "a.ipynb"))
    assert file.read_text() == SOURCE.replace('# DBTITLE 1,Two numbers\nx = 1\nprint("100 %s" % x)', "x = 2")
    assert names(contents) == {"a.ipynb": "notebook", "module.py": "file"}


def test_source_notebook_is_renamed_and_deleted(contents: SourceContents, tmp_path: Path) -> None:
    (tmp_path / "a.sql").write_text(SQL)
    asyncio.run(contents.rename("a.ipynb", "b.ipynb"))
    assert (tmp_path / "b.sql").read_text() == SQL
    asyncio.run(contents.delete("b.ipynb"))
    assert names(contents) == {}


def test_jupyters_own_file_comes_before_a_source_of_its_name(
    contents: SourceContents, tmp_path: Path
) -> None:
    (tmp_path / "a.py").write_text(SOURCE)
    nbformat.write(nbformat.from_dict(to_jupyter(SQL, ".sql")), tmp_path / "a.ipynb")
    assert names(contents) == {"a.ipynb": "notebook", "a.py": "file"}
    model = asyncio.run(contents.get("a.ipynb"))
    assert model["content"]["cells"][0]["source"] == "%sql\nSELECT 1"
    asyncio.run(contents.save(model, "a.ipynb"))
    assert (tmp_path / "a.py").read_text() == SOURCE
