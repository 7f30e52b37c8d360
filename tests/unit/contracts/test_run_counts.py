"""A run's numbers: ranges of offsets, gaps, and the proof that they add up."""

from dataclasses import replace

import pytest

from contracts.run_counts import CountsDoNotAddUpError, OffsetRange, TableRunCounts
from spark_jobs.batch.landing import LandedObject
from spark_jobs.batch.ranges import ObjectCount, ranges


def landed(partition: int, start: int, end: int = 10**10) -> LandedObject:
    return LandedObject("t.pin", partition, start, f"{partition}+{start}", size=1, end=end)


def counted(partition: int, start: int, lines: int) -> ObjectCount:
    return ObjectCount(partition, start, lines, lines, start, start + lines - 1)


ACCOUNT = TableRunCounts(
    "pin", (OffsetRange("t.pin", 0, 0, 10),), read=10, cleaned=7, duplicate=2, quarantined=1
)


def test_ranges_span_the_objects_of_each_partition() -> None:
    objects = [landed(0, 0, 5), landed(0, 5), landed(2, 0)]
    counts = [counted(2, 0, 7), counted(0, 5, 3), counted(0, 0, 5)]
    assert ranges(objects, counts, {}) == (OffsetRange("t.pin", 0, 0, 8), OffsetRange("t.pin", 2, 0, 7))


def test_a_gap_between_objects_is_missing_and_not_counted_as_read() -> None:
    (found,) = ranges([landed(0, 0, 20), landed(0, 20)], [counted(0, 0, 5), counted(0, 20, 5)], {})
    assert (found.first, found.end, found.missing, found.records) == (0, 25, 15, 10)


def test_a_gap_after_the_last_run_is_missing_too() -> None:
    (found,) = ranges([landed(0, 20)], [counted(0, 20, 5)], {0: 12})
    assert (found.first, found.end, found.missing, found.records) == (12, 25, 8, 5)


def test_a_first_object_above_zero_is_no_gap() -> None:
    (found,) = ranges([landed(0, 20)], [counted(0, 20, 5)], {})
    assert (found.first, found.missing) == (20, 0)


@pytest.mark.parametrize(
    "count",
    [
        ObjectCount(0, 0, lines=5, records=4, first=0, last=4),
        ObjectCount(0, 0, lines=5, records=5, first=1, last=5),
        ObjectCount(0, 0, lines=5, records=6, first=0, last=4),
    ],
)
def test_an_object_that_was_not_read_whole_is_named(count: ObjectCount) -> None:
    with pytest.raises(CountsDoNotAddUpError, match=r"0\+0: 5 lines, but"):
        ranges([landed(0, 0)], [count], {})


def test_an_object_of_which_nothing_was_read_is_named() -> None:
    with pytest.raises(CountsDoNotAddUpError, match=r"0\+5: none of its records"):
        ranges([landed(0, 0, 5), landed(0, 5)], [counted(0, 0, 5)], {})


def test_an_account_that_adds_up_passes() -> None:
    ACCOUNT.check()


@pytest.mark.parametrize("name", ["read", "cleaned", "duplicate", "quarantined"])
@pytest.mark.parametrize("by", [-1, 1])
def test_one_record_too_many_or_too_few_fails_with_the_numbers(name: str, by: int) -> None:
    wrong = replace(ACCOUNT, **{name: getattr(ACCOUNT, name) + by})
    with pytest.raises(CountsDoNotAddUpError, match=r"pin: 10 records in the offset ranges, \d+ read"):
        wrong.check()
