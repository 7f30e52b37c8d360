"""Compute the pause before a failed server is asked again."""

import random

_FIRST_SECONDS = 0.2
# A laptop's LocalStack is back in 10-20 s; asking every 5 s then costs nothing and loses little.
_LONGEST_SECONDS = 5.0


class Backoff:
    """Waits that double up to a bound, with jitter so that instances do not ask all at once."""

    def __init__(self) -> None:
        self._seconds = _FIRST_SECONDS

    def next(self) -> float:
        """The seconds to wait now: half to all of the current bound, which then doubles."""
        bound = self._seconds
        self._seconds = min(2 * bound, _LONGEST_SECONDS)
        return bound * random.uniform(0.5, 1)  # noqa: S311 - no secret

    def reset(self) -> None:
        """It answered: the next failure starts from the beginning."""
        self._seconds = _FIRST_SECONDS
