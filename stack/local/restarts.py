"""The restarts of local mode's services, from supervisord's own log: it alone knows by which signal a process ended.

(Its events name no status, and its XML-RPC gives -1 for any signal, of the last end alone.)
"""

import re
from collections.abc import Iterator
from datetime import datetime

from common.settings import Settings
from stack.status.restarts import Restarts

# `2026-01-02 03:04:05,678 WARN exited: kafka (terminated by SIGKILL; not expected)`, `INFO spawned: 'kafka' with pid 1`
_LINE = re.compile(
    r"(?P<time>[\d-]+ [\d:]+),\d+ \w+ (?P<what>spawned|exited|stopped): '?(?P<name>[\w-]+)'?"
    r" (?:with pid|\((?P<how>[^;)]+))"
)
_START = "supervisord started with pid"


def restarts(settings: Settings) -> dict[str, Restarts]:
    """Return, by service, its restarts since supervisord started."""
    path = settings.state_dir / "run" / "supervisord.log"
    return read(path.read_text(errors="replace")) if path.exists() else {}


def read(log: str) -> dict[str, Restarts]:
    """Return the same from the text of supervisord's log: a restart is a start after an end.

    Where a service was restarted by itself too, those restarts alone are counted: they are the news.
    """
    found: dict[str, Restarts] = {}
    ended: dict[str, tuple[str, bool]] = {}
    for time, what, name, how in _lines(log.rpartition(_START)[2]):
        if what != "spawned":
            ended[name] = _why(what, how), what == "stopped"
        elif name in ended:
            found[name] = _next(found.get(name), time, *ended.pop(name))
    return found


def _next(before: Restarts | None, time: datetime, why: str, deliberate: bool) -> Restarts:
    if before is None or (before.deliberate and not deliberate):
        return Restarts(1, time, why, deliberate)
    if deliberate and not before.deliberate:
        return before
    return Restarts((before.count or 0) + 1, time, why, deliberate)


def _lines(log: str) -> Iterator[tuple[datetime, str, str, str]]:
    for match in map(_LINE.match, log.splitlines()):
        if match:
            # supervisord writes the time of this machine.
            yield (
                datetime.fromisoformat(match["time"]).astimezone(),
                match["what"],
                match["name"],
                match["how"] or "",
            )


def _why(what: str, how: str) -> str:
    if what == "stopped":
        return "by `make restart`, or by `make up` after a setting changed"
    if how == "terminated by SIGKILL":
        return (
            "it was killed (SIGKILL), as the kernel does where memory runs out; supervisord started it again"
        )
    return f"it ended by itself ({how}); supervisord started it again"
