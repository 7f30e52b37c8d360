"""Rows in LOAD DATA's format."""

from datetime import datetime

import pytest

from services.source.load import to_tsv
from tests.source_rows import source_row


def test_a_row_is_a_line_of_tab_separated_fields() -> None:
    rows = [
        source_row(
            "user", 1, first_name="Ann", last_name="Lee", age=20, date_joined=datetime(2016, 1, 2, 3, 4, 5)
        ),
        source_row("geo", -2, latitude=1.5, longitude=-0.000123, country="Perú"),
    ]
    assert to_tsv(rows).decode() == "1\tAnn\tLee\t20\t2016-01-02 03:04:05\n-2\t\\N\t1.5\t-0.000123\tPerú\n"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("", ""),
        ("\\N", "\\\\N"),
        ("a\tb\nc\\d\0e", "a\\tb\\nc\\\\d\\0e"),
        ("\r'\"🎄", "\r'\"🎄"),
        ("\\\n", "\\\\\\n"),
    ],
)
def test_text_is_escaped_and_never_taken_for_null_or_the_end_of_a_field(text: str, field: str) -> None:
    assert to_tsv([source_row("user", 1, first_name=text)]).decode() == f"1\t{field}\t\\N\t\\N\t\\N\n"
