"""Counts of the records of one topic or stream, and why some failed."""

from collections.abc import Sequence
from dataclasses import dataclass, field

FIRST_KEYS = 5
# Reasons come from a server; a hostile one must not fill the memory.
MAX_REASONS = 20


@dataclass
class Failures:
    """Records that failed for one reason: how many, and the keys of the first ones."""

    count: int = 0
    keys: list[int] = field(default_factory=list)


@dataclass
class DeliveryCounts:
    """The delivery counts of a topic or stream; once all are settled, read = acknowledged + failed."""

    read: int = 0
    last_read: int = -1  # key
    acknowledged: int = 0
    failed: int = 0
    reasons: dict[str, Failures] = field(default_factory=dict)
    first_given_up: int | None = None  # the lowest key that was given up though it might succeed later

    def take(self, keys: Sequence[int]) -> None:
        """Count records as read."""
        self.read += len(keys)
        self.last_read = keys[-1]

    def fail(self, keys: Sequence[int], reason: str) -> None:
        """Count records as failed for a reason."""
        known = reason if reason in self.reasons or len(self.reasons) < MAX_REASONS else "other reasons"
        failures = self.reasons.setdefault(known, Failures())
        failures.count += len(keys)
        failures.keys.extend(keys[: FIRST_KEYS - len(failures.keys)])
        self.failed += len(keys)

    def give_up(self, keys: Sequence[int], reason: str) -> None:
        """Count records as failed that might succeed later."""
        self.fail(keys, reason)
        candidates = [*keys, *([] if self.first_given_up is None else [self.first_given_up])]
        self.first_given_up = min(candidates)
