"""A run's numbers, and the proof that they add up."""

from dataclasses import dataclass, field

from contracts.tables import Table


class CountsDoNotAddUpError(RuntimeError):
    """Records were lost or invented between two steps; the message names the numbers."""


@dataclass(frozen=True)
class OffsetRange:
    """The part of a partition that was read: offsets `first` up to `end`, exclusive, `missing` of them not landed."""

    topic: str
    partition: int
    first: int
    end: int
    missing: int = 0

    @property
    def records(self) -> int:
        """Return how many records there are in the range."""
        return self.end - self.first - self.missing


@dataclass(frozen=True)
class TableRunCounts:
    """The counts of a table's records in a run. A quarantined record may have several reasons."""

    table: Table
    ranges: tuple[OffsetRange, ...]
    read: int
    cleaned: int
    duplicate: int
    quarantined: int
    reasons: dict[str, int] = field(default_factory=dict)
    warnings: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def check(self) -> None:
        """Every record in the ranges was read, and every one read became one of three things.

        Raises:
            CountsDoNotAddUpError: it was not so.
        """
        in_ranges = sum(each.records for each in self.ranges)
        outcome = self.cleaned + self.duplicate + self.quarantined
        if not in_ranges == self.read == outcome:
            raise CountsDoNotAddUpError(
                f"{self.table}: {in_ranges} records in the offset ranges, {self.read} read, {outcome} accounted"
                f" for ({self.cleaned} cleaned + {self.duplicate} duplicate + {self.quarantined} quarantined)"
            )
