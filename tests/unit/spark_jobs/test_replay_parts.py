"""The pure parts of a replay: which records are selected, and the file in which they are mended."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from spark_jobs.batch.staging import mend
from spark_jobs.replay.mended_file import KafkaPosition, Quarantined, from_lines, to_lines
from spark_jobs.replay.selection import Selection, bound, topics
from stack.local.isolated import make_settings

FIRST_DAY = datetime(2026, 1, 31, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "last", "expected"),
    [
        (None, False, None),
        ("0", False, 0),
        ("120", True, 120),
        ("2026-01-31", False, FIRST_DAY),
        ("2026-01-31", True, datetime(2026, 1, 31, 23, 59, 59, 999999, UTC)),
        ("2026-01-31T12:30", True, datetime(2026, 1, 31, 12, 30, tzinfo=UTC)),
        ("2026-01-31T02:00+02:00", False, FIRST_DAY),
    ],
)
def test_an_end_is_an_offset_a_day_or_a_time(text: str | None, last: bool, expected: object) -> None:
    assert bound(text, last=last) == expected


@pytest.mark.parametrize("text", ["", "-1", "yesterday", "2026-02-30", "12.5"])
def test_any_other_end_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="neither an offset nor a time"):
        bound(text, last=False)


def test_every_condition_given_must_hold() -> None:
    assert Selection(("t",)).condition() == ("topic = ANY(%s)", [["t"]])
    text, values = Selection(("t",), "not_json", 3, FIRST_DAY).condition()
    assert text == 'topic = ANY(%s) AND %s = ANY(reasons) AND "offset" >= %s AND quarantined_at <= %s'
    assert values == [["t"], "not_json", 3, FIRST_DAY]


def test_a_topic_is_named_in_full_or_by_its_table(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    assert topics(settings, None) == tuple(settings.topic(table) for table in ("pin", "geo", "user"))
    assert topics(settings, "geo") == topics(settings, settings.topic("geo")) == (settings.topic("geo"),)
    with pytest.raises(ValueError, match="there is no topic 'gee'"):
        topics(settings, "gee")


@pytest.mark.parametrize(
    "raw",
    [
        '{"ind": 1, "age": 1e400, "big": 123456789012345678901234567890}',
        '{"ind":  1}',
        "null",
        "[1]",
        "{broken",
        "not JSON \\ \" ' \U0001f600",
        "",
    ],
)
def test_a_record_survives_the_file_as_it_is(raw: str) -> None:
    place = KafkaPosition("t", 1, 2)
    [line] = to_lines([Quarantined(place, ["not_json"], raw)])
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert from_lines([line]) == {place: raw}


def test_json_is_shown_as_such_and_other_text_as_raw() -> None:
    lines = list(
        to_lines(
            [Quarantined(KafkaPosition("t", 0, n), ["r"], raw) for n, raw in enumerate(['{"a": 1}', "{a"])]
        )
    )
    assert lines == [
        b'{"topic":"t","partition":0,"offset":0,"reasons":["r"],"value":{"a": 1}}\n',
        b'{"topic":"t","partition":0,"offset":1,"reasons":["r"],"raw":"{a"}\n',
    ]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"{", "line 2: "),
        (b'{"topic": "t", "partition": 0}', "line 2: .*offset"),
        (b'{"topic": "t", "partition": 0, "offset": "5", "raw": ""}', "line 2: .*offset"),
        (b'{"topic": "t", "partition": 0, "offset": 5}', "line 2: either `value` or `raw`"),
        (b'{"topic": "t", "partition": 0, "offset": 5, "raw": "", "value": 1}', "line 2: either"),
        (b'{"topic": "t", "partition": 0, "offset": 5, "raw": 1}', "line 2: .*raw"),
        (b'{"topic": "t", "partition": 0, "offset": 5, "value": "\xff"}', "line 2: "),
        (b'{"topic": "t", "partition": 0, "offset": 4, "value": 1}', r"line 2: t\[0\] offset 4 comes twice"),
    ],
)
def test_a_line_that_cannot_be_read_is_named(line: bytes, problem: str) -> None:
    first = b'{"topic": "t", "partition": 0, "offset": 4, "value": {}}'
    with pytest.raises(ValueError, match=problem):
        from_lines([first, line])


def test_blank_lines_are_skipped() -> None:
    assert from_lines([b"\n", b'{"topic": "t", "partition": 0, "offset": 4, "value": 7}\n', b"  \n"]) == {
        KafkaPosition("t", 0, 4): "7"
    }


def test_a_record_is_mended_at_its_place_if_it_is_still_the_one_that_landed(spark: SparkSession) -> None:
    records = spark.createDataFrame(
        [
            ("t", 0, 0, "same", (1,)),
            ("t", 0, 1, "nul \0", (2,)),
            ("t", 1, 0, "same", (3,)),
            ("t", 0, 2, "made anew", None),
        ],
        "topic string, partition int, offset bigint, value string, plain struct<ind: int>",
    )
    mended = spark.createDataFrame(
        [("t", 0, 0, "same", "A"), ("t", 0, 1, r"nul \x00", "B"), ("t", 0, 2, "another", "C")],
        "topic string, partition int, offset bigint, landed string, mended string",
    )
    found = mend(records, mended)
    assert found.columns == records.columns
    # What was known of the record that landed is not known of the mended one.
    values = {(row.partition, row.offset): (row.value, row.plain) for row in found.collect()}
    assert values == {
        (0, 0): ("A", None),
        (0, 1): ("B", None),
        (1, 0): ("same", (3,)),
        (0, 2): ("made anew", None),
    }
