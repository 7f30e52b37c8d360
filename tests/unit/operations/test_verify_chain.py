"""The walk along a partition's landed objects finds what is missing and what is there twice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.verify.chain import OffsetCoverage, describe, ranges, walk


@pytest.mark.parametrize(
    ("objects", "end", "expected"),
    [
        ([], 0, OffsetCoverage(0, 0, (), ())),
        ([], 3, OffsetCoverage(0, 0, (range(3),), ())),
        ([(0, 5), (5, 2)], 7, OffsetCoverage(7, 0, (), ())),
        ([(0, 5), (5, 9)], 7, OffsetCoverage(7, 0, (), ())),
        ([(0, 5), (5, 9)], 4, OffsetCoverage(4, 0, (), ())),
        ([(0, 5), (6, 2)], 8, OffsetCoverage(7, 0, (range(5, 6),), ())),
        ([(0, 5), (4, 3)], 7, OffsetCoverage(8, 0, (), (range(4, 5),))),
        ([(0, 0), (6, 2)], 8, OffsetCoverage(2, 6, (), ())),
        ([(0, 3), (3, 0)], 8, OffsetCoverage(3, 5, (), ())),
        ([(0, 3)], 8, OffsetCoverage(3, 0, (range(3, 8),), ())),
        ([(0, 10), (3, 2), (10, 2)], 12, OffsetCoverage(14, 0, (), (range(3, 5),))),
        ([(0, 10), (3, 2), (6, 2)], 12, OffsetCoverage(14, 0, (range(10, 12),), (range(3, 5), range(6, 8)))),
        ([(0, 0), (2, 1), (3, 0), (7, 1)], 8, OffsetCoverage(2, 6, (), ())),
    ],
    ids=[
        *("empty", "none", "chain", "beyond", "cut", "gap", "overlap", "hole", "hole at end", "tail"),
        *("inside its predecessor", "two inside their predecessor", "two holes"),
    ],
)
def test_a_walk(objects: list[tuple[int, int]], end: int, expected: OffsetCoverage) -> None:
    assert walk(objects, end) == expected


@given(st.lists(st.integers(1, 20), max_size=30), st.integers(0, 29))
def test_an_object_that_vanishes_is_missing_whole(lengths: list[int], which: int) -> None:
    starts = [sum(lengths[:position]) for position in range(len(lengths))]
    objects, end = list(zip(starts, lengths, strict=True)), sum(lengths)
    assert walk(objects, end) == OffsetCoverage(end, 0, (), ())
    if which < len(objects):
        start, lines = objects.pop(which)
        found = walk(objects, end)
        assert found.missing == (range(start, start + lines),)
        assert found.records == end - lines


def test_offsets_are_described_as_ranges() -> None:
    found = ranges([3, 7, 8, 9])
    assert found == [range(3, 4), range(7, 10)]
    assert ranges([1, 2]) == [range(1, 3)]
    assert ranges([1, 3, 5, 6]) == [range(1, 2), range(3, 4), range(5, 7)]
    assert describe(found) == "4 offsets: 3, 7 to 9"
    assert describe(ranges(range(0, 20, 2))) == "10 offsets: 0, 2, 4, 6, 8, 10, 12, 14, 16, 18"
    assert describe(ranges(range(0, 40, 2))).endswith("16, 18 and 10 more ranges")
