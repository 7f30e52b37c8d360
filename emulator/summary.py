"""The end of a replay, for people: counts per topic and stream that add up, and why records failed."""

from collections.abc import Mapping
from typing import NamedTuple

from rich.console import Console
from rich.table import Table as Grid

from emulator.formats import Route
from emulator.tally import Tally


class Outcome(NamedTuple):
    """What became of one route's posts: the counts by topic or stream, and the seconds it took."""

    tallies: Mapping[str, Tally]
    seconds: float


def print_summary(console: Console, outcomes: Mapping[Route, Outcome]) -> None:
    """Print the table of counts by topic and stream, then each reason with the first keys it hit."""
    grid = Grid(title="Sent")
    grid.add_column("topic or stream")
    for heading in ("read", "acknowledged", "failed"):
        grid.add_column(heading, justify="right")
    for outcome in outcomes.values():
        for name, tally in outcome.tallies.items():
            grid.add_row(name, *(f"{count:,}" for count in _counts(tally)))
        grid.add_section()
    totals = {route: _totals(outcome) for route, outcome in outcomes.items()}
    sums = [sum(column) for column in zip(*totals.values(), strict=True)]
    grid.add_row("all", *(f"{count:,}" for count in sums), style="bold")
    console.print(grid)
    for route, outcome in outcomes.items():
        done, seconds = totals[route][1], outcome.seconds
        console.print(f"{route}: {done:,} records acknowledged in {seconds:.1f} s, {done / seconds:,.0f}/s")
    for outcome in outcomes.values():
        for name, tally in outcome.tallies.items():
            for line in _reasons(name, tally):
                console.print(line, style="red", soft_wrap=True)


def _totals(outcome: Outcome) -> list[int]:
    return [sum(column) for column in zip(*map(_counts, outcome.tallies.values()), strict=True)]


def _counts(tally: Tally) -> tuple[int, int, int]:
    return tally.read, tally.acknowledged, tally.failed


def _reasons(name: str, tally: Tally) -> list[str]:
    return [
        f"{name}: {failures.count:,} failed, first index {', '.join(map(str, failures.keys))}: {reason}"
        for reason, failures in tally.reasons.items()
    ]


def cut_short(tallies: Mapping[str, Tally], total: int | None) -> bool:
    """Whether a replay of `total` records ended before all were read and settled for good."""
    read = sum(tally.read for tally in tallies.values())
    given_up = any(tally.first_given_up is not None for tally in tallies.values())
    return read > 0 and (read != total or given_up)


def resume_after(tallies: Mapping[str, Tally]) -> int:
    """The index after which an ordered replay that was cut short goes on, so that no post is left out."""
    last = max(tally.last_read for tally in tallies.values())
    given_up = [tally.first_given_up for tally in tallies.values() if tally.first_given_up is not None]
    return min([last, *(key - 1 for key in given_up)])
