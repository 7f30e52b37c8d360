"""Describe a drill: what was done when, how long each recovery took, and the slowest. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bench.drill.accounts import Account
from bench.drill.plan import Fault
from bench.report import Row


@dataclass(frozen=True)
class Outcome:
    """A fault that was carried out.

    Attributes:
        fault: what was done.
        began: seconds since the load began.
        recovery: seconds from its end until all services were healthy; None where the next fault came at once.
    """

    fault: Fault
    began: float
    recovery: float | None

    def __str__(self) -> str:
        """Return a line of the drill's log."""
        if self.recovery is None:
            return f"{self.began:6.0f} s  {self.fault}, the next one at once"
        return f"{self.began:6.0f} s  {self.fault}, recovered after {self.recovery:.1f} s"


def slowest(outcomes: Sequence[Outcome]) -> str:
    """Return a sentence that names the slowest recovery."""
    measured = [(each.recovery, str(each.fault)) for each in outcomes if each.recovery is not None]
    if not measured:
        return "No recovery was measured by itself."
    seconds, fault = max(measured)
    return f"Slowest recovery: {seconds:.1f} s after `{fault}`."


def rows(outcomes: Sequence[Outcome], found: Sequence[Account]) -> list[Row]:
    """Return the drill as a benchmark's rows: each kind of fault with its slowest recovery, then the posts."""
    recoveries: dict[str, list[float]] = {}
    for each in outcomes:
        if each.recovery is not None:
            recoveries.setdefault(each.fault.what, []).append(each.recovery)
    return [
        Row("faults", len(outcomes), ""),
        *(
            Row(f"{what}: slowest recovery of {len(recoveries[what])}", max(recoveries[what]), "s")
            for what in sorted(recoveries)
        ),
        Row("records acknowledged", sum(each.acknowledged for each in found), ""),
        Row("of them lost", sum(each.lost for each in found), "", aim=0, better="lower"),
        Row("of them served twice", sum(each.twice for each in found), "", aim=0, better="lower"),
    ]
