"""Record what a run read of each partition, and prove that it read all of it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from contracts.run_counts import CountsDoNotAddUpError, OffsetRange
from spark_jobs.batch.landing import LandedObject


@dataclass(frozen=True)
class ObjectCount:
    """The counts of an object that was read: its lines, the records that came of them, their first and last offset."""

    partition: int
    start: int
    lines: int
    records: int
    first: int
    last: int


def ranges(
    objects: Sequence[LandedObject], counts: Iterable[ObjectCount], reached: dict[int, int]
) -> tuple[OffsetRange, ...]:
    """The range read of each partition; what is missing between objects (Kafka's retention) is counted.

    Args:
        objects: the run's objects, by partition and offset.
        counts: what was read of each.
        reached: by partition, the offset up to which earlier runs have read.

    Raises:
        CountsDoNotAddUpError: an object was not read, or not all of it.
    """
    by_place = {(each.partition, each.start): each for each in counts}
    for each in objects:
        _check_object(each, by_place.get((each.partition, each.start)))
    partitions = groupby(objects, attrgetter("partition"))
    return tuple(_range(list(group), by_place, reached.get(partition)) for partition, group in partitions)


def _check_object(landed: LandedObject, count: ObjectCount | None) -> None:
    if count is None:
        raise CountsDoNotAddUpError(f"{landed.key}: none of its records was read")
    last = landed.start + count.lines - 1
    if (count.records, count.first, count.last) != (count.lines, landed.start, last):
        raise CountsDoNotAddUpError(
            f"{landed.key}: {count.lines} lines, but {count.records} records with offsets"
            f" {count.first} to {count.last}"
        )


def _range(
    objects: list[LandedObject], counts: dict[tuple[int, int], ObjectCount], reached: int | None
) -> OffsetRange:
    read = [counts[each.partition, each.start] for each in objects]
    first = objects[0].start if reached is None else reached
    end = read[-1].start + read[-1].lines
    missing = end - first - sum(each.lines for each in read)
    return OffsetRange(objects[0].topic, objects[0].partition, first, end, missing)
