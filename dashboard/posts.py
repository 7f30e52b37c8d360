"""Make table rows of the newest posts of both paths, which may hold anything."""

import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from dashboard.readings.newest import Post
from dashboard.readings.topics import Record
from dashboard.stages import Readings
from dashboard.wording import shown

Row = dict[str, str]
Place = tuple[str, int]  # topic and partition


def batch_rows(readings: Readings) -> list[Row]:
    """Return a row for each of the newest records of the posts' topic, with how far it has come."""
    topics, sink, tables = readings.topics.value, readings.sink.value, readings.tables.value
    if topics is None:
        return []
    landed, read = sink.landed if sink else {}, tables.read if tables else {}
    return [_record(each, (topics.main, each.partition), landed, read) for each in topics.newest]


def _record(record: Record, place: Place, landed: Mapping[Place, int], read: Mapping[Place, int]) -> Row:
    arrived = "" if record.seconds is None else _clock(datetime.fromtimestamp(record.seconds, UTC))
    if record.offset < read.get(place, 0):
        reached = "batch tables"
    else:
        reached = "landing zone" if record.offset < landed.get(place, 0) else "topic"
    post, title, category = _post(record.value)
    return _row(arrived, post, reached, category, title)


def _row(arrived: str, post: str, reached: str, category: str, title: str) -> Row:
    """Return a row; the title, which may be long, is last: it is what a narrow window cuts off."""
    return {
        "at (UTC)": arrived,
        "post": post,
        "is in": reached,
        "category": category,
        "title": title,
    }


def _post(value: bytes | None) -> tuple[str, str, str]:
    """Return a post's number, title and category; of a record that is no post, its text as the title."""
    try:
        found = json.loads(value or b"null", parse_int=str)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        return _text(found.get("index")), _text(found.get("title")), _text(found.get("category"))
    raw = "" if value is None else value[:1_000].decode("utf-8", "backslashreplace")
    return "", shown(raw), ""


def _text(value: object) -> str:
    return "" if value is None else shown(str(value))


def speed_rows(posts: Iterable[Post]) -> list[Row]:
    """Return a row for each post of the speed path."""
    return [
        _row(
            _clock(post.arrived_at),
            str(post.ind),
            "batch tables" if post.in_batch else "speed tables",
            shown(post.category),
            shown(post.title),
        )
        for post in posts
    ]


def _clock(moment: datetime) -> str:
    """Return a time of day in UTC."""
    return f"{moment.astimezone(UTC):%H:%M:%S}"
