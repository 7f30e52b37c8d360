"""Test that a downloaded answer is data to a spreadsheet, whatever records hold."""

import csv
import io

import pytest

from dashboard.csv_file import to_csv
from operations.query import Answer, Value


def read_back(*values: Value) -> list[str]:
    text = to_csv(Answer(["n"], [(value,) for value in values])).decode("utf-8-sig")
    return [row[0] if row else "" for row in csv.reader(io.StringIO(text, newline=""))][1:]


@pytest.mark.parametrize(
    "formula", ['=HYPERLINK("http://e.org")', "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1"]
)
def test_a_formula_becomes_text(formula: str) -> None:
    assert read_back(formula) == [f"'{formula}"]


def test_what_is_no_formula_is_as_it_was() -> None:
    values: list[Value] = ['a "b", c', "line\nbreak", "🎄 ナルト", "18-24", "a=1", "'quoted", -5, 1.5, ""]
    assert read_back(*values) == [str(value) for value in values]


def test_an_age_group_stays_readable() -> None:
    assert read_back("+50") == ["'+50"]


def test_null_is_empty_and_half_a_character_is_written_out() -> None:
    assert read_back(None, "\ud800") == ["", r"\ud800"]


def test_columns_come_first() -> None:
    assert to_csv(Answer(["a", "b"], [(1, "x")])) == b"\xef\xbb\xbfa,b\r\n1,x\r\n"
