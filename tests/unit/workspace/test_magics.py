"""Magics: what each does with its text, by itself or on Spark."""

from importlib.metadata import version
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from workspace.magics import MagicError
from workspace.magics.pip import run_pip
from workspace.magics.run_call import RunCall, parse_run
from workspace.magics.shell import run_shell
from workspace.magics.sql import markers, run_sql, split_statements, with_widgets
from workspace.python_cell import run_python


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("./clean", RunCall("./clean")),
        ('\n"../classes/load data"  # helpers', RunCall("../classes/load data")),
        ("/Users/me@x.org/utils/clean", RunCall("/Users/me@x.org/utils/clean")),
        ('./clean $table="pin" $limit=3', RunCall("./clean", {"table": "pin", "limit": "3"})),
        ("./clean $note='a = b' $empty=", RunCall("./clean", {"note": "a = b", "empty": ""})),
    ],
)
def test_run_names_a_notebook_and_its_parameters(text: str, call: RunCall) -> None:
    assert parse_run(text) == call


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no notebook"),
        ("./clean\nprint(1)", "does not understand 'print"),
        ('./clean $a="1', "No closing quotation"),
        ("./clean a=1", "does not understand 'a=1'"),
    ],
)
def test_run_that_says_something_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(MagicError, match=said):
        parse_run(text)


def test_statements_are_parted_by_the_rules_of_spark(spark: SparkSession) -> None:
    text = "SELECT ';' AS a; -- one; two\nSELECT 'it''s; 2', \"b;c\", '\\';' AS `d;e` ;/* f ; g */ SELECT 3;\n-- end; "
    assert list(split_statements(spark, text)) == [
        "SELECT ';' AS a",
        "-- one; two\nSELECT 'it''s; 2', \"b;c\", '\\';' AS `d;e`",
        "/* f ; g */ SELECT 3",
    ]
    assert list(split_statements(spark, "-- nothing;\n;")) == []


def test_sql_shows_each_result_and_returns_the_last(spark: SparkSession) -> None:
    shown: list[DataFrame] = []
    text = "CREATE OR REPLACE TEMP VIEW two AS SELECT explode(array(1, 2)) AS n; SELECT 0 AS n; SELECT * FROM two"
    last = run_sql(spark, text, {}, shown.append)
    assert [[row["n"] for row in frame.collect()] for frame in shown] == [[0], [1, 2]]
    assert last is shown[-1]
    assert run_sql(spark, "DROP VIEW two", {}, shown.append) is None


def test_sql_takes_the_values_of_widgets(spark: SparkSession) -> None:
    widgets = {"table": "range(3)", "least": "1", "other": "x"}
    shown: list[DataFrame] = []
    run_sql(spark, "SELECT id, ':least' FROM ${table} WHERE id >= :least", widgets, shown.append)
    assert [tuple(row) for row in shown[0].collect()] == [(1, ":least"), (2, ":least")]


@pytest.mark.parametrize(
    ("text", "replaced"),
    [("$table", "pin"), ("${table}s", "pins"), ("$tables $5 ${x}", "$tables $5 ${x}"), ("a$$table", "a$pin")],
)
def test_only_names_of_widgets_are_replaced(text: str, replaced: str) -> None:
    assert with_widgets(text, {"table": "pin"}) == replaced


def test_markers_are_widgets_that_a_statement_names() -> None:
    widgets = {"a": "1", "b": "2", "c": "3"}
    assert markers("SELECT :a, x::b, '12:30', :d", widgets) == {"a": "1"}


def test_shell_prints_as_it_comes(capfd: pytest.CaptureFixture[str]) -> None:
    run_shell("echo one\necho two >&2\nexit 3\n")
    assert capfd.readouterr().out == "one\ntwo\nThe shell ended with status 3.\n"


def test_shell_fails_a_cell_with_its_option_alone() -> None:
    with pytest.raises(MagicError, match="the shell ended with status 1"):
        run_shell("-e\nfalse\necho never")
    run_shell("-elsewhere 2> /dev/null; true")


def test_pip_names_what_is_installed(capsys: pytest.CaptureFixture[str]) -> None:
    run_pip("install -q boto3 pandas>=1")
    assert capsys.readouterr().out == (
        f"Installed already: boto3 {version('boto3')}, pandas {version('pandas')}.\n"
    )
    run_pip("show pandas nothing-like-it")
    assert capsys.readouterr().out == f"pandas {version('pandas')}\nnothing-like-it is not installed\n"
    run_pip("list")
    assert f"pyspark=={version('pyspark')}" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("install nothing-like-it", "nothing-like-it is not installed"),
        ("install pandas==0.1", f"pandas {version('pandas')} is installed, not pandas==0.1"),
        ("install -r requirements.txt", "%pip install -r is not done here"),
        ("install https://x.org/a.whl", "is not the name of a package"),
        ("uninstall -y pandas", "%pip uninstall is not done here"),
    ],
)
def test_pip_changes_nothing(text: str, said: str) -> None:
    with pytest.raises(MagicError) as raised:
        run_pip(text)
    assert said in str(raised.value)
    assert "a notebook cannot change them" in str(raised.value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 1", 2),
        ("x = 5", None),
        ("x = 5\nx", 5),
        ("%matplotlib inline\nx = (7\n  % 4)\nx", 3),
        ("'''\n%sql in a text\n!ls\n'''", "\n%sql in a text\n!ls\n"),
        ("%%time\nx = 2\nx", 2),
        ("if True:\n    %time y = 3\ny", 3),
        ("", None),
    ],
)
def test_value_of_a_python_cell(text: str, value: object) -> None:
    assert run_python(text, {}, "cell 1") == value


def test_lines_for_the_shell_within_python(capfd: pytest.CaptureFixture[str]) -> None:
    run_python("for word in ['a', 'b']:\n    print(word)\n!echo c\n", {}, "cell 1")
    assert capfd.readouterr().out == "a\nb\nc\n"


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("%sql SELECT 1\nx = 1", MagicError, "%sql is not known within a Python cell"),
        ("x = 1\n%pip install nothing-like-it", MagicError, "nothing-like-it is not installed"),
        ("\n%%html\n<b>bold</b>", MagicError, "%%html is not known here"),
        ("x = (1,\n%time\n", SyntaxError, "never closed"),
        ("def f(:\n    pass", SyntaxError, "invalid syntax"),
        ("x = 1 +", SyntaxError, "invalid syntax"),
    ],
)
def test_python_cells_that_fail(text: str, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        run_python(text, {}, "cell 1")


def test_functions_of_a_cell_run_on_spark(spark: SparkSession) -> None:
    namespace: dict[str, Any] = {"spark": spark, "__name__": "__main__"}
    run_python("def double(n: int) -> int:\n    return factor * n\n\nfactor = 2", namespace, "cell 1")
    text = "from pyspark.sql.functions import udf\nspark.range(3).select(udf(double, 'long')('id')).collect()"
    rows: Any = run_python(text, namespace, "cell 2")
    assert [row[0] for row in rows] == [0, 2, 4]
