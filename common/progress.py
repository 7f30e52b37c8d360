"""Show what a command is waiting for, where someone watches and where its output goes into a file alike."""

import time
from collections.abc import Iterable, Mapping, Set
from contextlib import AbstractContextManager

from rich.console import Console
from rich.status import Status

# All of a start is well within it; who waits longer wants to know for what.
_REMINDER_SECONDS = 60.0

# States of Airflow's runs and tasks that are nobody's news.
_WAITING = (None, "scheduled", "queued")


def live_status(console: Console, what: str) -> AbstractContextManager[Status]:
    """A spinner beside `what` while the body runs; a line that stays where there is no terminal to animate."""
    if not console.is_terminal:
        console.print(what, highlight=False)
    return console.status(what)


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
