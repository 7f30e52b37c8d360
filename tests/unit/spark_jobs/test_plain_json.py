"""Test which objects Arrow reads, and what their fields are; all else is left to Spark's parser."""

from typing import Any

import pyarrow as pa
import pytest

from spark_jobs.readers.landing_zone import to_records
from spark_jobs.schemas import kinds

ROW = {"topic": "t.geo", "partition": 0, "start": 0, "key": "k", "end": 10**10}
KEYS = tuple(kinds("geo").names)


def plain(*lines: str | bytes) -> list[dict[str, Any] | None]:
    sent = (line if isinstance(line, bytes) else line.encode() for line in lines)
    found: list[dict[str, Any] | None] = to_records(
        ROW, b"".join(line + b"\n" for line in sent), kinds("geo")
    )["plain"].to_pylist()
    return found


def fields(**known: str | int) -> dict[str, Any]:
    return dict.fromkeys(KEYS) | known


def test_fields_of_the_sources_kinds_are_text_and_the_key_a_number() -> None:
    line = '{"ind": 7, "latitude": -53.1971, "longitude": 118, "timestamp": "2019-08-16T11:22:29", "country": "Peru"}'
    assert plain(line) == [
        {
            "ind": 7,
            "timestamp": "2019-08-16T11:22:29",
            "latitude": "-53.1971",
            "longitude": "118",
            "country": "Peru",
        }
    ]


def test_fields_may_be_null_or_absent() -> None:
    assert plain('{"ind": null, "latitude": null}', "{}", '{"ind": 1}\r') == [
        fields(),
        fields(),
        fields(ind=1),
    ]


def test_escapes_of_keys_and_texts_are_undone() -> None:
    assert plain(r'{"\u0069nd": 1, "country": "\ud83c\udf84\u0000\n\/"}') == [
        fields(ind=1, country="🎄\0\n/")
    ]


@pytest.mark.parametrize("digits", ["1.50", "15e-1", "0.15E+1"])
def test_numbers_keep_their_value(digits: str) -> None:
    assert plain(f'{{"latitude": {digits}}}') == [fields(latitude="1.5")]


@pytest.mark.parametrize(
    "line",
    [
        # Not one JSON object.
        "",
        "null",
        "1",
        "[]",
        " ",
        '{"ind": 1} {"ind": 2}',
        '{"ind": 1} x',
        '{"ind": 1}]',
        '{"ind": 1,}',
        '{"ind": 1',
        "{'ind': 1}",
        '{"ind": 1} // one',
        '\ufeff{"ind": 1}',
        # Other kinds.
        '{"ind": "1"}',
        '{"ind": 1.0}',
        '{"ind": 1e2}',
        '{"ind": true}',
        '{"ind": 2147483648}',
        '{"latitude": "1"}',
        '{"latitude": NaN}',
        '{"latitude": -Infinity}',
        '{"latitude": Inf}',
        '{"latitude": 1e400}',
        '{"latitude": 01}',
        f'{{"latitude": 0.{"1" * 1000}}}',
        '{"latitude": .5}',
        '{"country": 1}',
        '{"country": false}',
        '{"country": []}',
        '{"country": {}}',
        # Other fields, or one twice.
        '{"city": "Lima"}',
        '{"Ind": 1}',
        '{"ind": 1, "ind": 1}',
        # Texts that are none.
        r'{"country": "\ud800"}',
        r'{"country": "\udc00"}',
        r'{"country": "\q"}',
        '{"country": "\t"}',
        b'{"country": "\xff"}',
    ],
)
def test_an_object_with_a_surprise_is_left_alone(line: str | bytes) -> None:
    assert plain('{"ind": 1}', line, '{"ind": 2}') == [None, None, None]


@pytest.mark.parametrize(
    "lines", [('{"ind": 1}{"ind": 2}', ""), ('{"ind":', "1}"), ('{"country":', '{"ind": 1}}')], ids=str
)
def test_each_record_is_of_its_own_line(lines: tuple[str, ...]) -> None:
    assert plain(*lines) == [None] * len(lines)


def test_no_line_is_no_record() -> None:
    assert plain() == []


def test_every_column_of_the_source_has_a_kind() -> None:
    assert {str(field.type) for table in ("pin", "geo", "user") for field in kinds(table)} == {
        "int32",
        "double",
        "string",
    }
    assert kinds("pin").field("index").type == kinds("user").field("age").type == pa.int32()
