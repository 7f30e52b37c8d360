"""The Spark SQL prompt: where a statement ends, and what an error does."""

import pytest
from pyspark.sql import SparkSession

from workspace.sql_prompt import run, statements


def test_statements_of_one_line_and_of_several() -> None:
    lines = ["\n", "SELECT 1;\n", "SELECT\n", "  2\n", ";\n", "SELECT 3; SELECT 4;\n", "SELECT 5\n"]
    assert [*statements(lines)] == [
        "SELECT 1;\n",
        "SELECT\n  2\n;\n",
        "SELECT 3; SELECT 4;\n",
        "SELECT 5\n",
    ]


@pytest.mark.parametrize("last", ["exit", "QUIT;"])
def test_exit_ends_it(last: str) -> None:
    assert [*statements(["SELECT 1;", last, "SELECT 2;"])] == ["SELECT 1;\n"]


def test_a_result_and_an_error(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(spark, "SELECT 1 AS one; SELECT 'a;b' AS text;")
    shown = capsys.readouterr().out
    assert "one" in shown
    assert "a;b" in shown
    assert not run(spark, "SELECT nothing FROM nowhere;")
    problem = capsys.readouterr().err
    assert "TABLE_OR_VIEW_NOT_FOUND" in problem
    assert "JVM stacktrace" not in problem
