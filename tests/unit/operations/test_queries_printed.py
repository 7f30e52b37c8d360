"""Test how the nine queries are found and their answers shown."""

import io
import re

import pytest

from common.terminal import make_console
from operations.query import Answer, Query, Value, caption, cell, load_queries, show

QUERY = Query(3, "most followed user", "Who [is] it?", "")


def shown(answer: Answer, limit: int | None, width: int = 100) -> str:
    text = io.StringIO()
    show(make_console(file=text, width=width), QUERY, answer, limit)
    return text.getvalue()


def test_there_are_nine_in_order() -> None:
    queries = load_queries()
    assert list(queries) == list(range(1, 10))
    assert queries[7].title == "users joined per year"


@pytest.mark.parametrize("number", range(1, 10))
def test_each_says_what_it_answers_and_its_order(number: int) -> None:
    query = load_queries()[number]
    assert re.fullmatch(r"(Wh|How many).+\?", query.question)
    assert re.search(r"^-- Order: (.+)\.$", query.sql, re.MULTILINE)
    assert re.search(r"\nORDER BY [^\n]+;\n$", query.sql)


@pytest.mark.parametrize("number", range(1, 10))
def test_each_reads_the_serving_schema_alone(number: int) -> None:
    query = load_queries()[number]
    tables = re.findall(r"^ *(?:FROM|INNER JOIN) (\w+\.\w+)", query.sql, re.MULTILINE)
    assert tables
    assert {table.partition(".")[0] for table in tables} == {"serving"}


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("follower_count", 9_000_000_000, "9,000,000,000"),
        ("follower_count", 12_345_678_901_234_567, "12,345,678,901,234,567"),
        ("median_follower_count", 1234.0, "1,234"),
        ("median_follower_count", 1234.5, "1,234.5"),
        ("median_follower_count", None, "(null)"),
        ("post_year", 2018, "2018"),
        ("poster_name", "[bold]", "[bold]"),
        ("poster_name", "", ""),
        ("poster_name", "1234", "1234"),
    ],
)
def test_a_cell(column: str, value: Value, expected: str) -> None:
    assert cell(column, value).plain == expected


@pytest.mark.parametrize(
    ("rows", "limit", "expected"),
    [
        (0, 15, "0 rows"),
        (1, 15, "1 row"),
        (15, 15, "15 rows"),
        (16, 15, "... and 1 more row: `make query ARGS=--all`"),
        (242, 15, "... and 227 more rows: `make query ARGS=--all`"),
        (2420, None, "2,420 rows"),
    ],
)
def test_a_caption(rows: int, limit: int | None, expected: str) -> None:
    assert caption(rows, limit) == expected


def test_a_long_answer_is_shortened() -> None:
    answer = Answer(["country", "follower_count"], [(f"land {i}", i) for i in range(20)])
    assert "land 14" in shown(answer, 15)
    assert "land 15" not in shown(answer, 15)
    assert "land 19" in shown(answer, None)


def test_text_is_shown_as_it_is() -> None:
    output = shown(Answer(["country", "poster_name"], [("Côte d'Ivoire", "[red]日本[/red] 🍕")]), 15)
    assert "3. most followed user\nWho [is] it?\n" in output
    assert "│ Côte d'Ivoire │ [red]日本[/red] 🍕 │" in output


def test_a_narrow_terminal_loses_no_letter() -> None:
    output = shown(Answer(["country"], [("abcdefghij" * 5,)]), 15, width=20)
    assert "".join(re.findall(r"│ (\w+)", output)) == "abcdefghij" * 5
