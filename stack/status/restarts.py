"""Describe a service's restarts since the stack came up: how many, when last, and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Restarts:
    """The restarts of a service; `count` is None where nobody has counted them, `deliberate` where a command asked."""

    count: int | None
    last: datetime
    why: str
    deliberate: bool = False

    def __str__(self) -> str:
        """Return for example `restarted 3 times, last at 2026-01-02 03:04:05 UTC: out of memory`."""
        times = {None: "restarted", 1: "restarted once,"}.get(
            self.count, f"restarted {self.count} times, last"
        )
        return f"{times} at {self.when}: {self.why}"

    @property
    def when(self) -> str:
        """Return for example `2026-01-02 03:04:05 UTC`."""
        return f"{self.last.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def lines(found: Mapping[str, Restarts]) -> list[str]:
    """Return a line for each service that was restarted by itself, and one for all that a command restarted."""
    asked = {name: each for name, each in found.items() if each.deliberate}
    each_own = [f"{name}: {each}" for name, each in found.items() if len(asked) < 2 or not each.deliberate]
    return each_own if len(asked) < 2 else [*each_own, _deliberate(asked)]


def _deliberate(found: Mapping[str, Restarts]) -> str:
    """Return the line of several services: the reasons are those of one mode, and so the same."""
    last = max(found.values(), key=lambda each: each.last)
    names = ", ".join(
        name + (f" ({each.count} times)" if (each.count or 1) > 1 else "") for name, each in found.items()
    )
    return f"restarted {last.why}, last at {last.when}: {names}"
