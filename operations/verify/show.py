"""The reconciliation as tables for people: a line for each hop, a column for each cleaned table."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from rich.table import Table as Grid

from contracts.tables import Table
from operations.verify import proof
from operations.verify.batch import BatchStages
from operations.verify.proof import NOTHING, Proof, Unchanged
from operations.verify.speed import SpeedStages

T = TypeVar("T", BatchStages, SpeedStages)

_NOT_YET = "not yet"

_BATCH: dict[str, Callable[[BatchStages], object]] = {
    "emulator: acknowledged": lambda stages: stages.sent,
    "Kafka: end offsets at the start": lambda stages: stages.kafka,
    "S3: records below them": lambda stages: stages.landed,
    "  of which wait for the next run": lambda stages: stages.waiting,
    "batch runs: read": lambda stages: stages.counts.read,
    "  cleaned": lambda stages: stages.counts.cleaned,
    "  + duplicate": lambda stages: stages.counts.duplicate,
    "  + quarantined": lambda stages: stages.counts.quarantined,
    "  (replayed: no longer quarantined)": lambda stages: stages.replayed,
    "quarantine.batch: records": lambda stages: stages.set_aside,
    "Delta: rows": lambda stages: stages.delta,
    "Postgres: rows": lambda stages: stages.served,
    "Delta: checksum of the values": lambda stages: _halves(stages.delta_sum),
    "Postgres: checksum": lambda stages: _halves(stages.served_sum),
    "adds up": lambda stages: "no" if stages.problems else "yes",
}
_SPEED: dict[str, Callable[[SpeedStages], object]] = {
    "emulator: acknowledged": lambda stages: stages.sent,
    "streaming query: read": lambda stages: stages.counts.read,
    "  cleaned": lambda stages: stages.counts.cleaned,
    "  + duplicate": lambda stages: stages.counts.duplicate,
    "  + quarantined": lambda stages: stages.counts.quarantined,
    "quarantine.stream: records": lambda stages: stages.set_aside,
    "Delta: rows up to that time": lambda stages: _once_compared(stages, stages.delta),
    "Postgres: rows up to that time": lambda stages: _once_compared(stages, stages.served),
    "Delta: checksum of the values": lambda stages: _once_compared(stages, _halves(stages.delta_sum)),
    "Postgres: checksum": lambda stages: _once_compared(stages, _halves(stages.served_sum)),
    "adds up": lambda stages: "no" if stages.problems else _once_compared(stages, "yes"),
}


def batch(stages: Sequence[BatchStages]) -> Grid:
    """The batch path."""
    return _grid("Batch path", _BATCH, stages)


def speed(stages: Sequence[SpeedStages]) -> Grid:
    """The speed path."""
    return _grid("Speed path", _SPEED, stages)


def trusted(stages: Sequence[BatchStages], known: Mapping[Table, Proof]) -> str:
    """Return how much of what was read now, which is all, the next scheduled run would not read."""
    if not known:
        return "All of this was read. So it will be by the next scheduled run: no earlier one has kept what added up."
    lines = (_trusted(each, proof.unchanged(known.get(each.table, NOTHING), each.proved)) for each in stages)
    return "\n".join(
        [
            "All of this was read. A scheduled run does not read again what added up and has not changed since:",
            *lines,
        ]
    )


def _trusted(each: BatchStages, same: Unchanged) -> str:
    return (
        f"  {each.table}: {same.objects:,} of {len(each.proved.objects):,} objects in S3, {same.files:,} of"
        f" {len(each.proved.files):,} data files in Delta, {same.rows:,} of {each.served:,} rows in Postgres"
    )


def verdict(stages: Sequence[SpeedStages], seconds: int) -> str:
    """Return the last line of a comparison without problems.

    Args:
        stages: of the speed path.
        seconds: the age from which its rows are compared.
    """
    young = ", ".join(each.table for each in stages if not each.compared)
    if not young:
        return "All hops add up."
    return (
        f"All hops add up that were compared. The speed path of {young} is not compared yet: all rows are younger than"
        f" {seconds} s. Run `make verify` again then."
    )


def _grid(title: str, lines: dict[str, Callable[[T], object]], stages: Sequence[T]) -> Grid:
    grid = Grid(title=title)
    # 80 columns have room for names of up to 35 characters and numbers of up to 10; checksums take two lines there.
    grid.add_column("hop", no_wrap=True)
    for each in stages:
        grid.add_column(each.table, justify="right")
    for name, value in lines.items():
        grid.add_row(name, *(_cell(value(each)) for each in stages))
    return grid


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)


def _once_compared(stages: SpeedStages, value: object) -> object:
    """Return the value, or that its rows are still too young to be compared."""
    return value if stages.compared else _NOT_YET


def _halves(checksum: str) -> str:
    """Return a checksum in two parts, between which a narrow terminal breaks the line."""
    return f"{checksum[:8]} {checksum[8:]}"
