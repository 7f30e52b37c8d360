"""Measure how far a query is behind its streams."""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .cursor import ShardCursor, ShardOrigin
from .errors import DataLossError, GoneError
from .offsets import Position, from_json
from .options import Options, parse_options
from .partitions import next_page
from .records import arrival_millis

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


@dataclass(frozen=True)
class ShardLag:
    """The records of a shard beyond an offset.

    records: how many, counted up to the limit that was given.
    millis: the age of the oldest of them by this machine's clock; 0 if there is none.
    """

    stream: str
    shard: str
    records: int
    millis: int


def measure_lag(
    client: "KinesisClient",
    offset: str | Mapping[str, Any],
    *,
    limit: int = 10_000,
) -> list[ShardLag]:
    """Each open shard's lag, found by reading on from the offset.

    Args:
        client: boto3's client for Kinesis.
        offset: `endOffset` of the source in a query's progress, or its line in the checkpoint's offset log.
        limit: of records to count per shard; it costs one read for each 10,000, of the 5 a second of a shard.

    Raises:
        DataLossError: an offset's record has expired, or its stream was deleted.
        botocore.exceptions.ClientError: Kinesis refuses, or stays unreachable.
    """
    parsed = from_json(json.loads(offset) if isinstance(offset, str) else offset)
    return [
        _shard_lag(client, ShardOrigin(name, shard, stream.start), position, limit)
        for name, stream in parsed.items()
        for shard, position in stream.shards.items()
        if not position.closed
    ]


def _shard_lag(client: "KinesisClient", origin: ShardOrigin, position: Position, limit: int) -> ShardLag:
    options = parse_options(
        {
            "streamARN" if origin.stream.startswith("arn:") else "streamName": origin.stream,
            "maxFetchRate": "2",
        },
        default_position="latest",
    )
    try:
        arrivals = list(_arrivals(ShardCursor(client, options, origin, position), options, limit))
    except GoneError as error:
        raise DataLossError(f"stream {origin.stream}, shard {origin.shard}: {error}") from error
    age = int(time.time() * 1000) - arrivals[0] if arrivals else 0
    return ShardLag(origin.stream, origin.shard, len(arrivals), max(age, 0))


def _arrivals(cursor: ShardCursor, options: Options, limit: int) -> Iterator[int]:
    """Yield the arrivals of the next records, in milliseconds since 1970."""
    while limit > 0:
        page = next_page(cursor, min(limit, options.max_records_per_fetch))
        yield from map(arrival_millis, page.records)
        if page.at_end or page.closed:
            return
        limit -= len(page.records)
