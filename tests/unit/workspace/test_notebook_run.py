"""Running notebooks: what they print, what they leave, how they fail."""

import io
import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from tests.unit.workspace.notebook_files import write
from workspace.run.cells import BEFORE_CELL
from workspace.run.failure import CellError
from workspace.run.notebooks import Notebooks
from workspace.run.output import CleanOutput
from workspace.run.paths import Workspace

Run = Callable[..., str]


def test_cells_share_names_and_print_what_they_are(
    tmp_path: Path, notebooks: Notebooks, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(
        tmp_path,
        "a.py",
        "%md\n# A title",
        "# DBTITLE 1,Two numbers\nx = 20\nprint('printed')\nx + 1",
        "%sql\nSELECT 7 AS seven; SELECT id, 'word' AS text FROM range(2) ORDER BY id",
        "_sqldf.count() * x",
    )
    assert notebooks.run(path, {}) == ""
    said = capsys.readouterr().out
    order = [
        "A title",
        "[2] Two numbers",
        "printed",
        "21",
        "[3] %sql SELECT 7",
        "seven",
        "│ 1  │ word │",
        "2 rows",
        "40",
    ]
    places = [said.find(word) for word in order]
    assert -1 not in places
    assert places == sorted(places)


def test_sql_notebook_with_a_python_cell(
    tmp_path: Path, notebooks: Notebooks, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.sql"
    path.write_text(
        "-- Databricks notebook source\nCREATE OR REPLACE TEMP VIEW three AS SELECT 3 AS n;\n"
        "-- COMMAND ----------\n-- MAGIC %python\n-- MAGIC print(spark.table('three').first().n + 1)"
    )
    notebooks.run(path, {})
    assert "\n4\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "named", ["./parts/load", '"/Users/me@x.org/parts/load"', "parts/load.py", "/parts/load"]
)
def test_run_shares_the_namespace_and_gives_parameters(
    tmp_path: Path, notebooks: Notebooks, capsys: pytest.CaptureFixture[str], named: str
) -> None:
    write(
        tmp_path,
        "parts/load.py",
        "dbutils.widgets.text('size', '1')\nsize = int(dbutils.widgets.get('size'))\n'not shown'",
        "%run ./deeper",
    )
    write(tmp_path, "parts/deeper.py", "deep = size + 1")
    path = write(tmp_path, "a.py", f'%run {named} $size="5"', "print(f'{size} and {deep}')")
    notebooks.run(path, {})
    said = capsys.readouterr().out
    assert "5 and 6" in said
    assert "not shown" not in said


def test_parameters_are_the_values_of_widgets(tmp_path: Path, notebooks: Notebooks) -> None:
    path = write(
        tmp_path,
        "a.py",
        "dbutils.widgets.text('table', 'pin')",
        "%sql SELECT :table AS name",
        "dbutils.notebook.exit(_sqldf.first().name)",
        "raise AssertionError('after the end')",
    )
    assert notebooks.run(path, {}) == "pin"
    assert notebooks.run(path, {"table": "geo"}) == "geo"


def test_notebook_run_has_a_namespace_of_its_own(tmp_path: Path, notebooks: Notebooks) -> None:
    write(
        tmp_path,
        "parts/double.py",
        "assert 'x' not in globals()",
        "x = int(dbutils.widgets.get('n'))\ndbutils.notebook.exit(2 * x)",
    )
    path = write(
        tmp_path,
        "a.py",
        "x = 1",
        "y = dbutils.notebook.run('parts/double', 60, {'n': 21})",
        "dbutils.notebook.exit(f'{x} {y}')",
    )
    assert notebooks.run(path, {}) == "1 42"


def test_failing_cell_is_named_with_the_lines_of_the_notebook(tmp_path: Path, notebooks: Notebooks) -> None:
    write(tmp_path, "help.py", "def follower(text):\n    return int(text)")
    path = write(
        tmp_path,
        "a.py",
        "%run ./help",
        "# DBTITLE 1,Clean\n\ntotal = 0\ntotal += follower('many')",
        "never = 1",
    )
    with pytest.raises(CellError) as raised:
        notebooks.run(path, {})
    assert str(raised.value).splitlines() == [
        "a.py, cell 2 (Clean) failed.",
        "  a.py, cell 2, line 9 of the file:",
        "    total += follower('many')",
        "  help.py, cell 1, line 3 of the file, in follower:",
        "    return int(text)",
        "ValueError: invalid literal for int() with base 10: 'many'",
    ]


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        (
            "x = (1,\ny = 2",
            "a.py, cell 1, line 2 of the file:\n    x = (1,\nSyntaxError: '(' was never closed",
        ),
        (
            "%sql\nSELECT 1;\nSELECT no_such_column",
            "`no_such_column` cannot be resolved.  SQLSTATE: 42703; line 1 pos 7",
        ),
        ("%sql SELECT 1 +", "ParseException:"),
        ("%run ./nothing", "FileNotFoundError: no notebook ./nothing: there is no "),
        ("%run ./a", "MagicError: %run ./a runs in circles"),
        ("%fs lsx /", "MagicError: %fs lsx is not one of dbutils.fs"),
        ("%sh -e\nfalse", "MagicError: the shell ended with status 1"),
        ("%pip install nothing-like-it", "MagicError: %pip install: nothing-like-it is not installed"),
        ("dbutils.notebook.run('./nothing', 5)", "RuntimeError: the notebook ./nothing failed: no notebook"),
        ("spark.range(3).selectExpr('assert_true(id < 2)').collect()", "is not true"),
        ("raise KeyError('k')", "KeyError: 'k'"),
    ],
)
def test_failures_of_each_kind(tmp_path: Path, notebooks: Notebooks, cell: str, said: str) -> None:
    path = write(tmp_path, "a.py", cell)
    with pytest.raises(CellError) as raised:
        notebooks.run(path, {})
    assert str(raised.value).startswith("a.py, cell 1")
    assert said in str(raised.value)
    assert len(str(raised.value).splitlines()) < 20
    assert not re.search(r"\tat |Project", str(raised.value))


def test_cell_in_scala_fails_with_a_sentence_after_the_cells_before_it(
    tmp_path: Path, notebooks: Notebooks, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write(tmp_path, "a.py", "print('reached')", "%scala\nval x = 1", "print('not reached')")
    with pytest.raises(CellError) as raised:
        notebooks.run(path, {})
    assert str(raised.value) == (
        "a.py, cell 2 failed.\nMagicError: %scala is Scala, which does not run here; Python and SQL do"
    )
    said = capsys.readouterr().out
    assert "\nreached\n" in said
    assert "[2] %scala" in said
    assert "not reached" not in said


def test_what_is_to_be_done_before_each_cell_is_done(tmp_path: Path, spark: SparkSession) -> None:
    done: list[str] = []
    names = {"spark": spark, BEFORE_CELL: lambda: done.append("before"), "note": done.append}
    notebooks = Notebooks(lambda **_: names, Workspace(tmp_path))
    notebooks.run(write(tmp_path, "a.py", "note('a')", "%sh true", "note('b')"), {})
    assert done == ["before", "a", "before", "before", "b"]


def test_failing_cell_of_a_notebook_that_another_runs(tmp_path: Path, notebooks: Notebooks) -> None:
    write(tmp_path, "part.py", "%sql SELECT 1", "%sql SELECT no_such_column")
    path = write(tmp_path, "a.py", "%run ./part")
    with pytest.raises(
        CellError, match=r"^a\.py, cell 1 failed\.\npart\.py, cell 2 failed\.\nAnalysisException"
    ):
        notebooks.run(path, {})
    path = write(tmp_path, "b.py", "dbutils.notebook.run('part', 0)")
    with pytest.raises(CellError, match=r"RuntimeError: the notebook part failed: part\.py, cell 2 failed"):
        notebooks.run(path, {})


def test_secrets_and_control_characters_are_replaced_in_output() -> None:
    shown = io.StringIO()
    output = CleanOutput(shown, lambda text: text.replace("pass\u00e9word", "[REDACTED]"))
    print("a pass\u00e9", end="", file=output)
    print("word\x1b[2J", file=output)
    assert shown.getvalue() == "a [REDACTED]\\x1b[2J\n"
    print("unfinished", end="", file=output)
    output.finish_line()
    assert shown.getvalue().endswith("\nunfinished\n")


def test_line_of_a_jupyter_cell_counts_in_the_cell(tmp_path: Path, notebooks: Notebooks) -> None:
    path = tmp_path / "a.ipynb"
    cell = {"cell_type": "code", "metadata": {}, "source": ["\n", "x = 0\n", "1 / x"]}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}}))
    with pytest.raises(CellError) as raised:
        notebooks.run(path, {})
    assert str(raised.value).splitlines() == [
        "a.ipynb, cell 1 failed.",
        "  a.ipynb, cell 1, line 3:",
        "    1 / x",
        "ZeroDivisionError: division by zero",
    ]
