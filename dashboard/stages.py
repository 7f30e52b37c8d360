"""Count the records of each stage of the flow, and what waits between two of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contracts.delta_tables import BATCH, SPEED
from dashboard.history import History
from dashboard.reading import Reading
from dashboard.readings.delta import Delta
from dashboard.readings.state_files import Bucket, Sink, StreamQuery, Writer
from dashboard.readings.tables import Count, Tables
from dashboard.readings.topics import Topics

SOURCE, GATEWAY, TOPICS, STREAMS = "MySQL source", "API Gateway", "Kafka topics", "Kinesis streams"
LANDING, DELTA_BATCH, DELTA_SPEED = "Landing zone (S3)", "Delta, batch", "Delta, speed"
POSTGRES_BATCH, POSTGRES_SPEED = "Postgres, batch", "Postgres, speed"


@dataclass(frozen=True)
class Readings:
    """The last reading of each part of the pipeline."""

    posts: Reading[int]
    aws: Reading[bool]
    proxy: Reading[int]
    topics: Reading[Topics]
    sink: Reading[Sink]
    writer: Reading[Writer]
    bucket: Reading[Bucket]
    delta: Reading[Delta | None]
    tables: Reading[Tables]
    airflow: Reading[None]


def counts(readings: Readings) -> dict[str, Count]:
    """Return what each stage holds, as far as it is known: posts in the source, else records or rows."""
    return dict(_counts(readings))


def _counts(readings: Readings) -> Iterator[tuple[str, Count]]:
    tables, topics = readings.tables.value, readings.topics.value
    if readings.posts.value is not None:
        yield SOURCE, Count(readings.posts.value)
    if topics:
        yield TOPICS, Count(topics.total)
    # Of the streams, what the writer has read: its state file is older, so what waits there may be read by now.
    if tables:
        yield STREAMS, Count(tables.streamed)
    if topics and tables:
        yield GATEWAY, Count(topics.total + tables.streamed)
    if landed := _landed(readings):
        yield LANDING, Count(sum(landed.values()))
    if delta := readings.delta.value:
        yield DELTA_BATCH, Count(delta.of(BATCH))
        yield DELTA_SPEED, Count(delta.of(SPEED))
    if tables:
        yield POSTGRES_BATCH, tables.of("batch")
        yield POSTGRES_SPEED, tables.of("speed")


def _landed(readings: Readings) -> Mapping[tuple[str, int], int] | None:
    """Return the offset up to which each partition has landed; None while the S3 sink says of none."""
    return (readings.sink.value.landed if readings.sink.value else None) or None


def are_of_aws(readings: Readings) -> bool:
    """Return whether bucket, streams and API are AWS's own: the dashboard has no way to ask there."""
    return readings.aws.value is False


def query(readings: Readings, name: str) -> StreamQuery:
    """Return what the streaming writer says of one of its queries."""
    writer = readings.writer.value
    return (writer.queries.get(name) if writer else None) or StreamQuery()


def remember(history: History, readings: Readings) -> None:
    """Add the counts of these readings to the history, at the time of the reading that changes them."""
    of = {
        TOPICS: readings.topics,
        GATEWAY: readings.topics,
        STREAMS: readings.tables,
        LANDING: readings.sink,
        DELTA_BATCH: readings.delta,
        DELTA_SPEED: readings.delta,
        POSTGRES_BATCH: readings.tables,
        POSTGRES_SPEED: readings.tables,
    }
    for name, count in _counts(readings):
        if name in of:
            history.note(name, of[name].at, count.rows)


def not_sent(readings: Readings) -> int | None:
    """Return how many posts are in the source and not in their topic; a post that was sent twice counts twice."""
    posts, topics = readings.posts.value, readings.topics.value
    return None if posts is None or topics is None else max(posts - topics.posts, 0)


def not_landed(readings: Readings) -> int | None:
    """Return how many records of the topics are not in the landing zone."""
    topics, landed = readings.topics.value, _landed(readings)
    if topics is None or landed is None:
        return None
    return sum(max(end - landed.get(place, 0), 0) for place, end in topics.ends.items())


def not_cleaned(readings: Readings) -> int | None:
    """Return how many records of the landing zone no batch run has read."""
    landed, tables = _landed(readings), readings.tables.value
    if landed is None or tables is None:
        return None
    return sum(max(end - tables.read.get(place, 0), 0) for place, end in landed.items())
