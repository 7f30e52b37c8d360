"""Check that a partition's landed objects cover its offsets without a gap or an overlap."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class OffsetCoverage:
    """The records and faults of the objects below an end.

    Attributes:
        records: how many records; one that is there twice counts twice.
        holes: offsets that Kafka never gave (its retention), as an empty object says.
        missing: ranges of offsets that should be there and are not.
        doubled: ranges of offsets that are there twice.
    """

    records: int
    holes: int
    missing: tuple[range, ...]
    doubled: tuple[range, ...]


def walk(objects: Sequence[tuple[int, int]], end: int) -> OffsetCoverage:
    """Follow the chain of (start, lines), in the order of their starts, from offset 0 up to `end`, exclusive.

    An empty object stands for a hole up to the next object, or where there is none, up to `end`.
    """
    at, in_hole, records, holes = 0, False, 0, 0
    missing: list[range] = []
    doubled: list[range] = []
    for start, lines in (*((start, lines) for start, lines in objects if start < end), (end, 0)):
        gap = range(at, start)
        if in_hole:
            holes += len(gap)
        elif gap:
            missing.append(gap)
        held = range(start, min(start + lines, end))
        if twice := range(start, min(at, held.stop)):
            doubled.append(twice)
        records += len(held)
        in_hole = lines == 0
        at = max(at, held.stop)
    return OffsetCoverage(records, holes, tuple(missing), tuple(doubled))


def ranges(offsets: Sequence[int]) -> list[range]:
    """Sorted offsets as ranges of neighbours."""
    found: list[range] = []
    for offset in offsets:
        if found and found[-1].stop == offset:
            found[-1] = range(found[-1].start, offset + 1)
        else:
            found.append(range(offset, offset + 1))
    return found


_NAMED = 10  # ranges that a message names; the count is of all


def describe(found: Sequence[range]) -> str:
    """`offsets 3, 7 to 9`, and how many more where they are many."""
    named = (str(one.start) if len(one) == 1 else f"{one.start} to {one.stop - 1}" for one in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more ranges" if len(found) > _NAMED else ""
    return f"{sum(map(len, found)):,} offsets: {', '.join(named)}{more}"
