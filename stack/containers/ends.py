"""Find the reasons for containers' restarts, as far as the engine still knows them. Pure: no command is run.

After a restart by its policy an engine has the number of restarts and the time of the last end. The exit status is
overwritten, by newer engines the mark of memory too; both are in its events, of which it keeps the last 256 of all its
containers. A process that the kernel killed inside of a container, such as LocalStack's Kinesis, ends nothing: the
container's own count has it.
"""

import re
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from stack.status.restarts import Restarts

JSON = dict[str, Any]

# What the engine gives as the end of a container that has not ended yet.
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
# An event is noted beside the end that it tells of, not at the same instant.
_BESIDE_SECONDS = 5.0
_KILLED = 128  # an exit status above is the number of a signal


@dataclass(frozen=True)
class Ends:
    """The engine's knowledge: an inspection for each container, its events, and killed processes by container."""

    inspected: dict[str, JSON] = field(default_factory=dict)
    events: Sequence[JSON] = ()
    killed: dict[str, int] = field(default_factory=dict)

    def restarts(self, container: str) -> Restarts | None:
        """Return the restarts of a container, None where there were none."""
        known = self.inspected.get(container)
        if known is None or _time(known["FinishedAt"]) == _NEVER:
            return None
        finished, started = _time(known["FinishedAt"]), _time(known["StartedAt"])
        if not known["RestartCount"]:
            why = "by `make restart`, or with the engine itself"
            return Restarts(None, started, why, deliberate=True)
        why = self._why(container, known, finished)
        return Restarts(known["RestartCount"], started, f"{why}; the engine started it again")

    def killed_in(self, container: str) -> str:
        """Return what there is to say of processes that the kernel killed in a container, if any."""
        known, count = self.inspected.get(container), self.killed.get(container)
        if known is None or not count:
            return ""
        processes = "a process" if count == 1 else f"{count} processes"
        return f"the kernel killed {processes} in it since it started: {_memory(known)}"

    def _why(self, container: str, known: JSON, finished: datetime) -> str:
        found = {
            event["Action"]: event["Actor"]["Attributes"]
            for event in self.events
            if event["Actor"]["Attributes"].get("name") == container
            and abs(event["time"] - finished.timestamp()) <= _BESIDE_SECONDS
        }
        status = int(found["die"]["exitCode"]) if "die" in found else _KILLED + signal.SIGKILL
        if status == _KILLED + signal.SIGKILL and (known["OOMKilled"] or "oom" in found):
            return _memory(known)
        if "die" in found:
            return f"it ended by itself ({_status(status)})"
        return "it ended by itself, the engine no longer knows how (`make logs` shows its last lines)"


def _memory(known: JSON) -> str:
    return f"out of memory at its limit of {known['Memory'] / 1024**2:,.0f} MB"


def _status(status: int) -> str:
    try:
        return f"terminated by {signal.Signals(status - _KILLED).name}"
    except ValueError:
        return f"exit status {status}"


def _time(text: str) -> datetime:
    """Return an engine's time: it has nanoseconds, of which Python takes six digits."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
