"""Test what `display` prints: frames, lists, pages, at the width of a terminal."""

from collections import namedtuple
from datetime import UTC, datetime

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from workspace.display import Display
from workspace.screens import Terminal
from workspace.tables import plain


@pytest.fixture(autouse=True)
def eighty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")


def shown(capsys: pytest.CaptureFixture[str], *values: object) -> str:
    Display()(*values)
    return capsys.readouterr().out


def test_frame_is_a_table_with_its_number_of_rows(
    spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = spark.sql("SELECT id, IF(id = 1, NULL, 'word') AS text FROM range(2) ORDER BY id")
    lines = shown(capsys, frame).splitlines()
    assert lines[1] == "┃ id ┃ text ┃"
    assert lines[3:5] == ["│ 0  │ word │", "│ 1  │ null │"]
    assert lines[-1] == "2 rows"


def test_long_frame_is_cut_and_says_so(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, spark.range(20)).splitlines()[-1] == "20 rows"
    out = shown(capsys, spark.range(1 << 40))
    assert out.splitlines()[-1] == "the first 20 rows; there are more"
    assert "│ 19 │" in out
    assert "│ 20 │" not in out


def test_wide_frame_is_shown_row_by_row(spark: SparkSession, capsys: pytest.CaptureFixture[str]) -> None:
    columns = [f"'{'value ' * 20}' AS column_{number}" for number in range(9)]
    lines = shown(capsys, spark.range(7).selectExpr(*columns)).splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.strip() for line in lines if line.startswith("row ")] == [f"row {n}" for n in range(1, 6)]
    assert lines[-1].startswith("7 rows; the first 5 are shown")


def test_lists_have_the_columns_of_their_elements(capsys: pytest.CaptureFixture[str]) -> None:
    file = namedtuple("file", "path size")
    assert "│ /mnt/a │ 3    │" in shown(capsys, [file("/mnt/a", 3)])
    assert "┃ a ┃ b    ┃" in shown(capsys, [{"a": 1, "b": None}])
    assert "┃ value ┃" in shown(capsys, [1, "two"])
    assert shown(capsys, []).splitlines()[-1] == "0 rows"


def test_pandas_frames_and_series(capsys: pytest.CaptureFixture[str]) -> None:
    assert "│ 1 │ x │" in shown(capsys, pd.DataFrame({"a": [1], "b": ["x"]}))
    assert shown(capsys, pd.Series(range(30), name="n")).splitlines()[-1] == "the first 20 of 30 rows"


def test_anything_else_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys, "a [bold]word[/bold] \x1b[2J") == "a [bold]word[/bold] \\x1b[2J\n"
    assert shown(capsys, None) == ""


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "null"),
        (datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), "2020-01-02 03:04:05+00:00"),
        ([1, None, [2.5]], "[1, null, [2.5]]"),
        (bytearray(b'{"a": 1}'), "eyJhIjogMX0="),
        (True, "True"),
    ],
)
def test_values_as_text(value: object, text: str) -> None:
    assert plain(value) == text


def test_pages_lose_tags_scripts_and_styles(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().show_page("<style>b {}</style><h1>Posts</h1><p>a &amp; b<br>c</p><script>alert(1)</script>")
    assert capsys.readouterr().out == "Posts a & b c\n"
