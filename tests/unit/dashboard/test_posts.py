"""Test the rows of the newest posts, whatever records hold."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dashboard.posts import batch_rows, speed_rows
from dashboard.reading import Reading
from dashboard.readings.newest import Post
from dashboard.readings.topics import Record, Topics
from tests.unit.dashboard.known import HOSTILE, PIN, at_work, unread

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def rows(*records: Record) -> list[dict[str, str]]:
    topics = Topics({PIN: 40}, "id.pin", records)
    return batch_rows(replace(at_work(), topics=Reading(topics, None, 100.0)))


def test_a_post_of_the_batch_path() -> None:
    value = b'{"index": 7, "title": "T", "category": "art"}'
    [row] = rows(Record(0, 35, WHEN.timestamp(), value))
    assert [*row.items()] == [
        ("at (UTC)", "03:04:05"),
        ("post", "7"),
        ("is in", "topic"),
        ("category", "art"),
        ("title", "T"),
    ]


@pytest.mark.parametrize(("offset", "reached"), [(19, "batch tables"), (20, "landing zone"), (30, "topic")])
def test_how_far_a_record_has_come(offset: int, reached: str) -> None:
    assert rows(Record(0, offset, None, b"{}"))[0]["is in"] == reached


@pytest.mark.parametrize(
    ("value", "title"),
    [
        (None, ""),
        (b"", ""),
        (b"no json", "no json"),
        (b"[1]", "[1]"),
        (b"\xff\x00", r"\xff\x00"),
        (b'{"title": {"a": [null]}}', "{'a': [None]}"),
        (b'{"title": null}', ""),
        (b'{"title": 1e999}', "inf"),
        (b'{"title": ' + b"9" * 5_000 + b"}", "9" * 300 + "…"),
        (b'{"title": "a\\nb"}', r"a\nb"),
        (b'{"title": "\\ud800"}', r"\ud800"),
        (b"[" * 5_000, "[" * 300 + "…"),
    ],
)
def test_a_record_may_hold_anything(value: bytes | None, title: str) -> None:
    [row] = rows(Record(0, 1, None, value))
    assert row["title"] == title


def test_nothing_is_there_before_the_first_reading() -> None:
    assert batch_rows(unread()) == []


def test_a_post_of_the_speed_path() -> None:
    posts = [Post(WHEN, 7, HOSTILE, None, in_batch=False), Post(WHEN, 8, None, "art", in_batch=True)]
    first, second = speed_rows(posts)
    assert [*first] == [*rows(Record(0, 1, None, None))[0]] == [*rows(Record(0, 1, None, b"{}"))[0]]
    assert first["at (UTC)"] == "03:04:05"
    assert (first["post"], first["category"], first["is in"]) == ("7", "", "speed tables")
    assert not {"\x1b", "\u202e"} & set(first["title"])
    assert (second["title"], second["is in"]) == ("", "batch tables")
