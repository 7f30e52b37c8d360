"""A clock for what waits: time that passes where somebody sleeps."""


class Clock:
    """Stands in for the module `time`."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        """Return the seconds that have been slept."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Let that time pass at once."""
        self.now += seconds
