"""Show what a command is waiting for, where someone watches and where its output goes into a file alike."""

import time
from collections.abc import Callable, Iterable, Mapping, Set
from contextlib import AbstractContextManager
from typing import NamedTuple

from rich.console import Console
from rich.status import Status

# All of a start is well within it; who waits longer wants to know for what.
_REMINDER_SECONDS = 60.0

_REPORT_SECONDS = 10.0

# States of Airflow's runs and tasks that are nobody's news.
_WAITING = (None, "scheduled", "queued")


def live_status(console: Console, what: str) -> AbstractContextManager[Status]:
    """A spinner beside `what` while the body runs; a line that stays where there is no terminal to animate."""
    if not console.is_terminal:
        console.print(what, highlight=False)
    return console.status(what)


class Reading(NamedTuple):
    """The amount that is left of what is waited for, and the same in words."""

    left: int
    words: str


class ProgressWatch:
    """Tells now and then how far something is, and gives up where it stands still. Pure: told the time."""

    def __init__(self, patience: float, now: float) -> None:
        """Give up after `patience` seconds without progress."""
        self._patience = patience
        self._moved = self._told = now
        self._left: int | None = None

    def read(self, reading: Reading, now: float) -> str:
        """Take a reading; return a line to show where the last one is 10 s old, else an empty text.

        Raises:
            TimeoutError: for `patience` seconds no reading was lower than the one before it.
        """
        if self._left is None or reading.left < self._left:
            self._moved = now
        self._left = reading.left
        if now - self._moved >= self._patience:
            raise TimeoutError(f"gave up after {self._patience:g} s without progress: {reading.words}")
        if now - self._told < _REPORT_SECONDS:
            return ""
        self._told = now
        return f"{reading.words} ..."


def wait_while_it_moves(
    console: Console, what: str, look: Callable[[], Reading], *, patience: float, interval: float
) -> None:
    """Show `what`, and now and then how far it is, until nothing is left.

    Args:
        console: where to show it.
        what: said at once.
        look: asked every `interval` seconds; what it raises is passed on.
        patience: seconds without progress after which to give up.
        interval: seconds.

    Raises:
        TimeoutError: it stood still for `patience` seconds; the text says how far it is.
    """
    watch = ProgressWatch(patience, time.monotonic())
    with live_status(console, what) as status:
        while (reading := look()).left:
            if line := watch.read(reading, time.monotonic()):
                status.update(line)
                if not console.is_terminal:
                    console.print(line, highlight=False)
            time.sleep(interval)


class Announcer:
    """Names the services as they become healthy, where no table that changes shows it: in a file, or a pipe."""

    def __init__(self, console: Console, known: Set[str]) -> None:
        """The clock starts; the `known` services ran before, and are not named."""
        self._console = console
        self._started = time.monotonic()
        self._remind_at = _REMINDER_SECONDS
        self._known = set(known)

    def begin(self, names: Iterable[str]) -> None:
        """Print which services start now."""
        new = [name for name in names if name not in self._known]
        if new and not self._console.is_terminal:
            self._console.print(f"Starting {', '.join(new)} ...", highlight=False, soft_wrap=True)

    def announce(self, well: Set[str], problems: Mapping[str, str]) -> None:
        """Print a line for each service of `well` that was not named before; now and then, what keeps the others."""
        if self._console.is_terminal:
            return
        seconds = time.monotonic() - self._started
        for name in sorted(well - self._known):
            self._console.print(f"{name} is up after {seconds:.0f} s", highlight=False)
        self._known |= well
        if seconds >= self._remind_at:
            self._remind_at = seconds + _REMINDER_SECONDS
            for name, problem in problems.items():
                said = f"after {seconds:.0f} s still waiting for {name}: {problem}"
                self._console.print(said, highlight=False, soft_wrap=True)


class StateLines:
    """Prints a line when something begins or ends: for a file, and for what is too long for a table that changes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._said: dict[str, str] = {}

    def tell(self, name: str, state: str | None, seconds: float | None) -> None:
        """Print the state, unless it was the last one told of `name` or it only waits for its turn."""
        if state in _WAITING or self._said.get(name) == state:
            return
        self._said[name] = str(state)
        took = "" if seconds is None or state == "running" else f" after {seconds:.1f} s"
        self._console.print(f"{name}: {state}{took}", highlight=False, soft_wrap=True)
