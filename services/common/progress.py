"""What a command is waiting for, shown where someone watches and where its output goes into a file alike."""

import time
from collections.abc import Mapping, Set
from contextlib import AbstractContextManager

from rich.console import Console
from rich.status import Status

# All of a start is well within it; who waits longer wants to know for what.
_REMINDER_SECONDS = 60.0


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
