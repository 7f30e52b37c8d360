"""End a service when the clock of its machine is set back, so that it is started anew.

librdkafka and Spark wait for a time of day, and would go on waiting until the clock shows it: for an hour, where it was
set back by one. What ended so is no worse off than after a kill.
"""

import os
import threading
import time
from collections.abc import Callable

import structlog

_LOOK_SECONDS = 1.0
# A wait that is longer by so much is no harm, and time servers correct a clock by less in one step.
_TOLERANCE = 5.0
_STATUS = 1


class Watch:
    """Compares the clock with the time since the start of the machine, which nobody sets."""

    def __init__(
        self, day: Callable[[], float] = time.time, machine: Callable[[], float] = time.monotonic
    ) -> None:
        """Begin with what both show now, in seconds."""
        self._day = day
        self._machine = machine
        self._ahead = day() - machine()

    def set_back_by(self) -> float:
        """Return the seconds by which the clock was set back since the last look; 0 where it was not."""
        before, self._ahead = self._ahead, self._day() - self._machine()
        return before - self._ahead if before - self._ahead > _TOLERANCE else 0.0


def end_when_set_back(
    service: str, watch: Watch | None = None, end: Callable[[int], None] = os._exit
) -> threading.Thread:
    """Look once a second, in a thread, and end the process with status 1 and a line in the log.

    Args:
        service: its name in the log.
        watch: the clocks.
        end: what ends a process whose main thread waits in a library.
    """
    thread = threading.Thread(target=_look, args=(service, watch or Watch(), end), daemon=True)
    thread.start()
    return thread


def _look(service: str, watch: Watch, end: Callable[[int], None]) -> None:
    while not (seconds := watch.set_back_by()):
        time.sleep(_LOOK_SECONDS)
    structlog.get_logger(service=service).error(
        "the clock was set back: starting anew, since libraries wait until it shows the old time",
        seconds=round(seconds),
    )
    end(_STATUS)
