"""Show the progress of a replay: a live bar for each route on a terminal, a line now and then elsewhere."""

from dataclasses import dataclass
from functools import partial
from threading import Lock
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from common.visible import visible_line
from emulator.destination_sender import Report
from emulator.formats import Route

_LINE_EVERY = 5.0  # seconds


@dataclass
class _Count:
    """The progress of one route."""

    bar: TaskID
    total: int | None
    next_line: float
    settled: int = 0
    failed: int = 0


class ReplayProgress:
    """Told by the senders what they settled; safe to call from several threads."""

    def __init__(self, console: Console) -> None:
        """Show the routes that are added."""
        self._console = console
        self._lock = Lock()
        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:,.0f}/s, {task.fields[failed]:,} failed"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", style="yellow", markup=False),  # a server's words
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._started = monotonic()
        self._counts: dict[Route, _Count] = {}

    def __enter__(self) -> "ReplayProgress":
        self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def add(self, route: Route, total: int | None) -> Report:
        """Show a route's progress towards `total` records, None is endless; returns what its senders tell."""
        bar = self._bars.add_task(route, total=total, rate=0, failed=0, note="")
        self._counts[route] = _Count(bar, total, self._started)
        return partial(self._report, route)

    def _report(self, route: Route, acknowledged: int, failed: int, note: str = "") -> None:
        note = visible_line(note)
        with self._lock:
            count = self._counts[route]
            count.settled += acknowledged + failed
            count.failed += failed
            now = monotonic()
            rate = count.settled / max(now - self._started, 1e-9)
            self._bars.update(count.bar, completed=count.settled, rate=rate, failed=count.failed, note=note)
            if not self._console.is_terminal and now >= count.next_line:
                count.next_line = now + _LINE_EVERY
                self._console.print(_line(route, count, rate, note), soft_wrap=True)


def _line(route: Route, count: _Count, rate: float, note: str) -> str:
    total = "" if count.total is None else f" of {count.total:,}"
    settled = f"{route}: {count.settled:,}{total} records"
    return f"{settled}, {rate:,.0f}/s, {count.failed:,} failed {note}".rstrip()
