"""How far a replay is: a live bar on a terminal, a line now and then elsewhere."""

from threading import Lock
from time import monotonic
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_LINE_EVERY = 5.0  # seconds


class ReplayProgress:
    """Told by the lanes what they settled; safe to call from several threads."""

    def __init__(self, console: Console, total: int | None) -> None:
        """Show progress towards `total` records; None is endless."""
        self._console = console
        self._total = total
        self._settled = self._failed = 0
        self._started = self._next_line = monotonic()
        self._lock = Lock()
        self._bar = Progress(
            TextColumn("records"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[rate]:,.0f}/s, {task.fields[failed]:,} failed"),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}", style="yellow", markup=False),  # a server's words
            console=console,
            disable=not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("", total=total, rate=0.0, failed=0, note="")

    def __enter__(self) -> "ReplayProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def report(self, acknowledged: int, failed: int, note: str = "") -> None:
        """Count records just settled; `note` says what is being waited for."""
        with self._lock:
            self._settled += acknowledged + failed
            self._failed += failed
            now = monotonic()
            rate = self._settled / max(now - self._started, 1e-9)
            self._bar.update(self._task, completed=self._settled, rate=rate, failed=self._failed, note=note)
            if not self._console.is_terminal and now >= self._next_line:
                self._next_line = now + _LINE_EVERY
                self._console.print(self._line(rate, note), markup=False, soft_wrap=True)

    def _line(self, rate: float, note: str) -> str:
        total = "" if self._total is None else f" of {self._total:,}"
        return f"{self._settled:,}{total} records, {rate:,.0f}/s, {self._failed:,} failed {note}".rstrip()
