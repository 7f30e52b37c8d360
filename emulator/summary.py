"""The end of a replay, for people: counts per topic and stream that add up, and why records failed."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Console
from rich.table import Table as Grid

from emulator.delivery_counts import DeliveryCounts
from emulator.formats import Route


class Outcome(NamedTuple):
    """The result of one route's posts: the counts by topic or stream, and the seconds it took."""

    delivered: Mapping[str, DeliveryCounts]
    seconds: float


def print_summary(console: Console, outcomes: Mapping[Route, Outcome]) -> None:
    """Print the table of counts by topic and stream, then each reason with the first keys it hit."""
    grid = Grid(title="Sent")
    grid.add_column("topic or stream")
    for heading in ("read", "acknowledged", "failed"):
        grid.add_column(heading, justify="right")
    for outcome in outcomes.values():
        for name, counts in outcome.delivered.items():
            grid.add_row(name, *(f"{count:,}" for count in _counts(counts)))
        grid.add_section()
    totals = {route: _totals(outcome) for route, outcome in outcomes.items()}
    sums = [sum(column) for column in zip(*totals.values(), strict=True)]
    grid.add_row("all", *(f"{count:,}" for count in sums), style="bold")
    console.print(grid)
    for route, outcome in outcomes.items():
        done, seconds = totals[route][1], outcome.seconds
        console.print(f"{route}: {done:,} records acknowledged in {seconds:.1f} s, {done / seconds:,.0f}/s")
    for outcome in outcomes.values():
        for name, counts in outcome.delivered.items():
            for line in _reasons(name, counts):
                console.print(line, style="red", soft_wrap=True)


def _totals(outcome: Outcome) -> list[int]:
    return [sum(column) for column in zip(*map(_counts, outcome.delivered.values()), strict=True)]


def _counts(counts: DeliveryCounts) -> tuple[int, int, int]:
    return counts.read, counts.acknowledged, counts.failed


def _reasons(name: str, counts: DeliveryCounts) -> list[str]:
    return [
        f"{name}: {failures.count:,} failed, first index {', '.join(map(str, failures.keys))}: {reason}"
        for reason, failures in counts.reasons.items()
    ]


def cut_short(delivered: Mapping[str, DeliveryCounts], total: int | None) -> bool:
    """Return whether a replay of `total` records ended before all were read and settled for good."""
    read = sum(counts.read for counts in delivered.values())
    given_up = any(counts.first_given_up is not None for counts in delivered.values())
    return read > 0 and (read != total or given_up)


def resume_after(delivered: Mapping[str, DeliveryCounts]) -> int:
    """The index after which an ordered replay that was cut short goes on, so that no post is left out."""
    last = max(counts.last_read for counts in delivered.values())
    given_up = [counts.first_given_up for counts in delivered.values() if counts.first_given_up is not None]
    return min([last, *(key - 1 for key in given_up)])
