"""The lines of the object that a partition is filling."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limits:
    """The limits at which an object is closed, whichever comes first."""

    records: int
    bytes: int
    seconds: float  # since its first record was taken up


@dataclass
class Buffer:
    """Lines of consecutive offsets; the first is that of offset `start`."""

    start: int
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    first_at: float = 0.0

    @property
    def next(self) -> int:
        """The offset that comes next."""
        return self.start + len(self.lines)

    def add(self, line: bytes, now: float) -> None:
        """Take up the line of offset `next`, at `now` (monotonic seconds)."""
        if not self.lines:
            self.first_at = now
        self.lines.append(line)
        self.size += len(line)

    def is_full(self, limits: Limits) -> bool:
        """Return whether it must be closed before it takes up another line."""
        return len(self.lines) >= limits.records or self.size >= limits.bytes

    def is_old(self, limits: Limits, now: float) -> bool:
        """Return whether it holds a line for as long as it may."""
        return bool(self.lines) and now - self.first_at >= limits.seconds

    def body(self) -> bytes:
        """The object's content."""
        return b"".join(self.lines)
