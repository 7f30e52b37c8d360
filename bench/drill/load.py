"""The load of a drill, by the product's own commands: an emulator for each path, and batch runs one after another."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import TimeoutExpired
from types import TracebackType
from typing import Self

from common.settings import Settings
from emulator.formats import ROUTES, Route
from stack.local.isolated import ServiceProcess

BATCH_RATE = 50  # posts a second
_STREAM_RATE = 10
# LocalStack holds the streams in memory, within a bound for 43,000 records (docker-compose.yml); these are 36,000.
_STREAM_POSTS = 12_000
# What a fault takes with its recovery; twice what most do.
_FAULT_SECONDS = 60
# Longer than any recovery: what is down at the drill's end is the drill's own finding.
_PATIENCE_SECONDS = 900
# A request that is under way waits 60 s for its answer at the most.
_END_SECONDS = 120
# Between two batch runs; a run takes 20 s on two busy cores.
_PAUSE_SECONDS = 5.0
_INTERRUPTED = 128 + signal.SIGINT


def source_rows(faults: int) -> int:
    """Return how many posts are more than a drill of so many faults can send, its recoveries included."""
    return BATCH_RATE * _FAULT_SECONDS * (faults + 5)


def stream_rate(faults: int) -> float:
    """Return posts a second to the streams; fewer in a long drill, for LocalStack's memory."""
    return min(_STREAM_RATE, _STREAM_POSTS / (_FAULT_SECONDS * (faults + 5)))


@contextmanager
def emulators(settings: Settings, faults: int, logs: Path) -> Iterator[dict[Route, ServiceProcess]]:
    """Send posts to the topics and to the streams until `finish`."""
    rates = {"batch": BATCH_RATE, "stream": stream_rate(faults)}
    running = {route: _emulator(settings, route, rates[route], logs) for route in ROUTES}
    try:
        for each in running.values():
            each.start()
        yield running
    finally:
        for each in running.values():
            each.stop()


def _emulator(settings: Settings, route: Route, rate: float, logs: Path) -> ServiceProcess:
    limit = ("--limit", str(_STREAM_POSTS)) if route == "stream" else ()  # else it ends after STREAM_LIMIT
    command = ("emulator", route, "--rate", f"{rate:g}", "--patience", str(_PATIENCE_SECONDS), *limit)
    return ServiceProcess(settings, *command, log=logs / f"emulator-{route}.log")


def finish(emulator: ServiceProcess) -> None:
    """Have an emulator settle what it has sent and note it in its ledger.

    Raises:
        RuntimeError: it had given up before, or does not end as after Ctrl-C; with what it printed.
    """
    if emulator.running:
        emulator.signal(signal.SIGINT)
    try:
        status = emulator.wait(_END_SECONDS)
    except TimeoutExpired as error:
        raise RuntimeError(f"{error}\n{emulator.output()}") from None
    if status not in (0, _INTERRUPTED):  # 0: all there was has been sent
        raise RuntimeError(f"an emulator ended with status {status}:\n{emulator.output()}")


class BatchRuns:
    """Batch runs one after another while it is entered, whatever becomes of each; `succeeded` and `failed` count."""

    def __init__(self, settings: Settings, logs: Path, pause: float = _PAUSE_SECONDS) -> None:
        self.succeeded = self.failed = 0
        self._pause = pause
        self._job = ServiceProcess(settings, "spark_jobs.batch", log=logs / "batch-job.log")
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._repeat)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if error:
            self._job.stop()
        self._thread.join()

    @property
    def pid(self) -> int:
        """Return the process of the run that is under way, 0 between two of them."""
        return self._job.pid if self._job.running else 0

    def _repeat(self) -> None:
        while not self._stop.is_set():
            self._job.start()
            if self._job.wait() == 0:
                self.succeeded += 1
            else:
                self.failed += 1
            self._stop.wait(self._pause)
