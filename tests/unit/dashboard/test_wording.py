"""Test how numbers and texts are worded."""

import pytest

from dashboard.wording import age, amount, code, shown


@pytest.mark.parametrize(("count", "text"), [(0, "0 rows"), (1, "1 row"), (33_462, "33,462 rows")])
def test_amount(count: int, text: str) -> None:
    assert amount(count, "row") == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (9.94, "9.9 s"),
        (10, "10 s"),
        (59, "59 s"),
        (60, "1 min"),
        (7_300, "2 h"),
        (200_000, "2 d"),
    ],
)
def test_age(seconds: float, text: str) -> None:
    assert age(seconds) == text


@pytest.mark.parametrize(
    ("text", "line"),
    [(None, ""), ("plain", "plain"), ("a\tb\nc\x1b[2J", r"a\tb\nc\x1b[2J"), ("x" * 301, "x" * 300 + "…")],
)
def test_text_of_records_is_one_visible_line(text: str | None, line: str) -> None:
    assert shown(text) == line


@pytest.mark.parametrize(
    ("text", "markdown"),
    [
        ("plain", "`plain`"),
        ("a `b` c", "``a `b` c``"),
        ("`b` c", "`` `b` c ``"),
        ("a ``b", "```a ``b```"),
        ("a\nb\x1b", r"`a\nb\x1b`"),
        ("", "` `"),
    ],
)
def test_text_from_outside_is_code_in_markdown(text: str, markdown: str) -> None:
    assert code(text) == markdown
