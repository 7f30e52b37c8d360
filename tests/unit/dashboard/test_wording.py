"""Test how numbers and texts are worded."""

import pytest

from dashboard.wording import age, amount, shown


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
