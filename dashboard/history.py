"""Remember the counts of the last seconds, by which rates are known."""

import threading
from collections import deque

# Over it a rate is taken: long enough for the sink's objects, which come every 2 s, to be several.
_RATE_SECONDS = 12.0
# Longer ago nobody looked: what happened between then and now is not known.
_GAP_SECONDS = 30.0
# At a sample each 2 s, the last 20 s.
_SAMPLES = 10


class History:
    """Samples (seconds, count) by name. Safe for threads: all viewers share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._samples: dict[str, deque[tuple[float, int]]] = {}

    def note(self, name: str, at: float, count: int) -> None:
        """Add a sample; one that is known already changes nothing, and after a gap the history begins anew."""
        with self._lock:
            samples = self._samples.setdefault(name, deque(maxlen=_SAMPLES))
            if samples and at <= samples[-1][0]:
                return
            if samples and (at - samples[-1][0] > _GAP_SECONDS or count < samples[-1][1]):
                samples.clear()
            samples.append((at, count))

    def rate(self, name: str) -> float | None:
        """Return what came in a second of late; None before the second sample."""
        samples = self._copy(name)
        recent = [sample for sample in samples if samples[-1][0] - sample[0] <= _RATE_SECONDS]
        if len(recent) < 2:
            return None
        (began, before), (ended, now) = recent[0], recent[-1]
        return (now - before) / (ended - began)

    def _copy(self, name: str) -> list[tuple[float, int]]:
        with self._lock:
            return list(self._samples.get(name, ()))
