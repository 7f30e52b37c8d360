"""The services that end again and again while the stack comes up.

supervisord goes on starting them, so that they come back when what they lacked is there; nobody waits for that.
"""

from collections import defaultdict
from collections.abc import Mapping

from stack.local.supervision import ProcessState

# One may have met a server that was not quite up, or not yet free of a former owner; three more tell that it cannot.
_ENOUGH = 4


class FailedStarts:
    """Counts how often services end while somebody looks."""

    def __init__(self, states: Mapping[str, ProcessState]) -> None:
        self._ends = defaultdict(set, {name: {state.ended_at} for name, state in states.items()})

    def look(self, states: Mapping[str, ProcessState]) -> None:
        """Take note of the services' last ends; between two of one service lie at least a second."""
        for name, state in states.items():
            self._ends[name].add(state.ended_at)

    def enough(self, name: str) -> bool:
        """Return whether the service has ended so often that it will not come up by itself."""
        return len(self._ends[name]) > _ENOUGH
