"""Describe a service's restarts since the stack came up: how many, when last, and why."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass(frozen=True)
class Restarts:
    """The restarts of a service; `count` is None where nobody has counted them."""

    count: int | None
    last: datetime
    why: str

    def __str__(self) -> str:
        """Return for example `restarted 3 times, last at 2026-01-02 03:04:05 UTC: out of memory`."""
        times = {None: "restarted", 1: "restarted once,"}.get(
            self.count, f"restarted {self.count} times, last"
        )
        return f"{times} at {self.last.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC: {self.why}"
