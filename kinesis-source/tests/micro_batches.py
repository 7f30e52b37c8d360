"""Micro-batches of a planner, as Spark asks for them."""

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from pyspark_kinesis_source.cursor import ShardOrigin
from pyspark_kinesis_source.offsets import Offset, from_json, to_json
from pyspark_kinesis_source.partitions import PrefetchedPartition
from pyspark_kinesis_source.planner import Planner
from pyspark_kinesis_source.ranges import RangePartition

MakePlanner = Callable[..., Planner]

ORIGIN = ShardOrigin("s", "a", 0)


class Clock:
    """The functions of `time` that the source calls; a sleep takes no time, but moves the clock on."""

    def __init__(self) -> None:
        self.waited: list[float] = []
        self._passed = 0.0

    def sleep(self, seconds: float) -> None:
        """Note the wait."""
        self.waited.append(seconds)
        self._passed += seconds

    def monotonic(self) -> float:
        """Return the seconds that have passed, those of the waits among them."""
        return time.monotonic() + self._passed


def numbers(parts: Iterable[PrefetchedPartition | RangePartition]) -> list[int]:
    given = [part for part in parts if isinstance(part, PrefetchedPartition)]
    return [int(data) for part in given for batch in part.batches() for data in batch["data"].to_pylist()]


def rows(parts: Iterable[PrefetchedPartition | RangePartition]) -> list[tuple[str, int]]:
    """The records of the parts that came with them: stream and number."""
    given = [part for part in parts if isinstance(part, PrefetchedPartition)]
    found = [row for part in given for batch in part.batches() for row in batch.to_pylist()]
    return [(row["stream"], int(row["data"])) for row in found]


def drain(planner: Planner, offset: Offset, limit: int | None = None) -> tuple[list[int], Offset]:
    """Micro-batches until there are no more; the offsets pass through JSON, as Spark does it."""
    found: list[int] = []
    while True:
        end = planner.latest(offset, limit)
        if end == offset:
            return found, offset
        parts = planner.partitions(from_json(to_json(offset)), from_json(to_json(end)))
        assert all(isinstance(part, PrefetchedPartition) for part in parts)
        found += numbers(parts)
        offset = end


def recent() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)
