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
    arrived = "" if record.seconds is None else clock(datetime.fromtimestamp(record.seconds, UTC))
    if record.offset < read.get(place, 0):
        reached = "batch tables"
    else:
        reached = "landing zone" if record.offset < landed.get(place, 0) else "topic"
    return {"arrived (UTC)": arrived, **_post(record.value), "is in": reached}


def _post(value: bytes | None) -> Row:
    """Return what to know a post by; of a record that is no post, its text."""
    try:
        found = json.loads(value or b"null", parse_int=str)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict):
        fields = {"post": "index", "title": "title", "category": "category"}
        return {name: _text(found.get(key)) for name, key in fields.items()}
    raw = "" if value is None else value[:1_000].decode("utf-8", "backslashreplace")
    return {"post": "", "title": shown(raw), "category": ""}


def _text(value: object) -> str:
    return "" if value is None else shown(str(value))


def speed_rows(posts: Iterable[Post]) -> list[Row]:
    """Return a row for each post of the speed path."""
    return [
        {
            "arrived (UTC)": clock(post.arrived_at),
            "post": str(post.ind),
            "title": shown(post.title),
            "category": shown(post.category),
            "is in": "batch tables" if post.in_batch else "speed tables",
        }
        for post in posts
    ]


def clock(moment: datetime) -> str:
    """Return a time of day in UTC, with its date: posts of a stack that rests are of another day."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
