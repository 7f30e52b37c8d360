"""The reconciliation as tables for people: a line for each hop, a column for each cleaned table."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from rich.table import Table as Grid

from operations.verify.batch import BatchHops
from operations.verify.speed import SpeedHops

T = TypeVar("T", BatchHops, SpeedHops)

_BATCH: dict[str, Callable[[BatchHops], object]] = {
    "emulator: acknowledged (ops.emulator_runs)": lambda hops: hops.sent,
    "Kafka: end offsets, fixed at the start": lambda hops: hops.kafka,
    "S3: records below them": lambda hops: hops.landed,
    "  of which wait for the next run": lambda hops: hops.waiting,
    "batch runs: read": lambda hops: hops.counts.read,
    "  cleaned": lambda hops: hops.counts.cleaned,
    "  + duplicate": lambda hops: hops.counts.duplicate,
    "  + quarantined": lambda hops: hops.counts.quarantined,
    "  (replayed: no longer quarantined)": lambda hops: hops.replayed,
    "quarantine.batch: records": lambda hops: hops.set_aside,
    "Delta: rows": lambda hops: hops.delta,
    "Postgres: rows": lambda hops: hops.served,
    "Delta: checksum of the values": lambda hops: hops.delta_sum,
    "Postgres: checksum": lambda hops: hops.served_sum,
    "adds up": lambda hops: "no" if hops.problems else "yes",
}
_SPEED: dict[str, Callable[[SpeedHops], object]] = {
    "emulator: acknowledged (ops.emulator_runs)": lambda hops: hops.sent,
    "streaming query: read": lambda hops: hops.counts.read,
    "  cleaned": lambda hops: hops.counts.cleaned,
    "  + duplicate": lambda hops: hops.counts.duplicate,
    "  + quarantined": lambda hops: hops.counts.quarantined,
    "quarantine.stream: records": lambda hops: hops.set_aside,
    "Delta: rows up to that time": lambda hops: hops.delta,
    "Postgres: rows up to that time": lambda hops: hops.served,
    "Delta: checksum of the values": lambda hops: hops.delta_sum,
    "Postgres: checksum": lambda hops: hops.served_sum,
    "adds up": lambda hops: "no" if hops.problems else "yes",
}


def batch(hops: Sequence[BatchHops]) -> Grid:
    """The batch path."""
    return _grid("Batch path", _BATCH, hops)


def speed(hops: Sequence[SpeedHops]) -> Grid:
    """The speed path."""
    return _grid("Speed path", _SPEED, hops)


def _grid(title: str, lines: dict[str, Callable[[T], object]], hops: Sequence[T]) -> Grid:
    grid = Grid(title=title)
    grid.add_column("hop")
    for each in hops:
        grid.add_column(each.table, justify="right")
    for name, value in lines.items():
        grid.add_row(name, *(_cell(value(each)) for each in hops))
    return grid


def _cell(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
