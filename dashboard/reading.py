"""Keep what was last read of one source, for all viewers: it is read when somebody looks, and by one at a time."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future, wait
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

# The clients' own time-outs are 1 to 5 s: whoever has not answered by then does not answer at all.
SILENCE_SECONDS = 6.0
# Three refreshes of 2 s and a time-out of 5 s: if nobody has read for so long, nobody has looked.
OLD_SECONDS = 11.0
# So that a slow reading takes at most a tenth of its server's time, however often it is asked for.
_REST = 9.0


@dataclass(frozen=True)
class Reading(Generic[T_co]):
    """A value as last read.

    Attributes:
        value: None until there is one; while there is a problem, the last one before it.
        problem: why the last attempt failed, or None.
        at: when it was read, on the clock of `Shared`.
    """

    value: T_co | None = None
    problem: str | None = None
    at: float = float("-inf")

    @property
    def was_taken(self) -> bool:
        """Return whether there has been a value, be it None."""
        return self.at > float("-inf")


class Shared(Generic[T]):
    """A source that is read in a thread of `pool`, so that no page waits for a server that hangs."""

    def __init__(
        self,
        read: Callable[[], T],
        period: float,
        pool: Executor,
        clock: Callable[[], float] = time.monotonic,
        silence: float = SILENCE_SECONDS,
    ) -> None:
        """`read` returns a new value or raises; it is not called again within `period` seconds.

        silence: the seconds after which a reading that is still under way is a problem.
        """
        self._read, self._period, self._pool, self._clock = read, period, pool, clock
        self._silence = silence
        self._lock = threading.Lock()
        self._reading: Reading[T] = Reading()
        self._under_way: Future[None] | None = None
        self._began = self._ended = self._due = float("-inf")

    def begin(self) -> None:
        """Have it read anew where the last time is more than the period ago; returns at once."""
        with self._lock:
            now = self._clock()
            if now >= self._due and not self.is_under_way:
                self._began = now
                self._under_way = self._pool.submit(self._take)

    def latest(self, patience: float = 0.0) -> Reading[T]:
        """Return the last reading.

        Where nobody has looked for long, it waits for a new one, up to `patience` seconds after that was begun.
        """
        self.begin()
        under_way, silence = self._under_way, self._clock() - self._began
        if under_way is not None and self._is_old():
            wait([under_way], max(0.0, patience - silence))
        if self.is_under_way and silence > self._silence:
            return replace(self._reading, problem=f"no answer for {silence:.0f} s")
        return self._reading

    @property
    def is_under_way(self) -> bool:
        """Return whether it is being read now."""
        return self._under_way is not None and not self._under_way.done()

    def _is_old(self) -> bool:
        return self._clock() - self._ended > max(OLD_SECONDS, 2 * self._period)

    def _take(self) -> None:
        """Read. Whatever fails is the reading's problem: a page shows it, and no traceback."""
        began = self._clock()
        try:
            reading = Reading(self._read(), None, self._clock())
        except Exception as error:
            reading = replace(self._reading, problem=str(error).strip() or type(error).__name__)
        # No other one is under way until this returns, so nobody else writes these.
        now = self._clock()
        self._reading, self._ended = reading, now
        self._due = max(began + self._period, now + _REST * (now - began))
