"""The end of a replay, for people: counts per topic that add up, and why records failed."""

from collections.abc import Mapping

from rich.console import Console
from rich.table import Table as Grid

from emulator.tally import Tally


def print_summary(console: Console, tallies: Mapping[str, Tally], seconds: float) -> None:
    """Print the table of counts by topic, then each reason with the first keys it hit."""
    grid = Grid(title="Replay")
    grid.add_column("topic")
    for heading in ("read", "acknowledged", "failed"):
        grid.add_column(heading, justify="right")
    for topic, tally in tallies.items():
        grid.add_row(topic, *(f"{count:,}" for count in _counts(tally)))
    totals = [sum(column) for column in zip(*map(_counts, tallies.values()), strict=True)]
    grid.add_row("all", *(f"{count:,}" for count in totals), style="bold")
    console.print(grid)
    console.print(f"{totals[1]:,} records acknowledged in {seconds:.1f} s, {totals[1] / seconds:,.0f}/s")
    for topic, tally in tallies.items():
        for line in _reasons(topic, tally):
            console.print(line, style="red", markup=False, soft_wrap=True)


def _counts(tally: Tally) -> tuple[int, int, int]:
    return tally.read, tally.acknowledged, tally.failed


def _reasons(topic: str, tally: Tally) -> list[str]:
    return [
        f"{topic}: {failures.count:,} failed, first index {', '.join(map(str, failures.keys))}: {reason}"
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
