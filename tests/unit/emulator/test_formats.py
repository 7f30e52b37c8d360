"""Test where rows go, what a record looks like on either way, and how records share requests."""

from pathlib import Path

import msgspec
import pytest

from emulator.formats import FORMATS, STREAM, TOPIC, Format, Record, Route, body, destination
from stack.local.isolated import make_settings
from tests.source_rows import source_row


@pytest.mark.parametrize(
    ("route", "name", "path"),
    [
        ("batch", "0a1b.geo", "/topics/0a1b.geo"),
        ("stream", "streaming-0a1b-geo", "/streams/streaming-0a1b-geo/records"),
    ],
)
def test_each_route_has_a_destination_for_a_table(tmp_path: Path, route: Route, name: str, path: str) -> None:
    assert destination(make_settings(tmp_path, USER_ID="0a1b"), route, "geo") == (name, path)


def test_a_record_of_a_topic_is_the_row_and_counts_with_all_its_bytes() -> None:
    record = TOPIC.record(source_row("user", 7, first_name="Žofie"))
    sent = msgspec.json.decode(record.element)
    assert (record.key, list(sent), record.size) == (7, ["value"], len(record.element))
    assert (sent["value"]["ind"], sent["value"]["first_name"]) == (7, "Žofie")


def test_a_record_of_a_stream_counts_with_what_kinesis_counts_its_data_and_its_key() -> None:
    row = source_row("user", 1234, first_name="Žofie")
    record = STREAM.record(row)
    sent = msgspec.json.decode(record.element)
    data = msgspec.json.encode(row)
    assert (record.key, sent) == (1234, {"data": data.decode(), "partition-key": "1234"})
    assert record.size == len(data) + len("1234")


def of(*sizes: int) -> list[Record]:
    return [Record(key, b"", size) for key, size in enumerate(sizes)]


def shared(form: Format, *sizes: int) -> list[list[int]]:
    """By request, the keys of its records."""
    return [[record.key for record in request] for request in form.requests(of(*sizes))]


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_request_is_filled_to_its_last_byte(form: Format) -> None:
    half = form.most_bytes // 2
    assert shared(form, half, half) == [[0, 1]]
    assert shared(form, half, half + 1) == [[0], [1]]
    assert shared(form, 1, form.most_bytes, 1) == [[0], [1], [2]]
    assert shared(form, half, half, half, half, half) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_a_request_is_filled_to_its_last_record(form: Format) -> None:
    assert [len(keys) for keys in shared(form, *[1] * (2 * form.most_records + 1))] == [
        form.most_records,
        form.most_records,
        1,
    ]
    assert shared(form) == []


def test_a_body_has_the_records_in_order() -> None:
    records = [TOPIC.record(source_row("user", key)) for key in (3, 1)]
    sent = msgspec.json.decode(body(records))["records"]
    assert [each["value"]["ind"] for each in sent] == [3, 1]
