"""A notebook's output: line by line, secrets and control characters replaced."""

import io
import threading
from collections.abc import Callable
from typing import TextIO

from common.visible import visible


class CleanOutput(io.TextIOBase):
    """Stands for standard output while a notebook runs; streams print from threads of their own."""

    def __init__(self, target: io.TextIOBase | TextIO, redacted: Callable[[str], str]) -> None:
        super().__init__()
        self._target = target
        self._redacted = redacted
        self._begun = ""  # a line that has not ended: a secret may be cut in two
        self._lock = threading.RLock()

    def write(self, text: str) -> int:
        """Pass on the lines that are whole."""
        with self._lock:
            lines, newline, self._begun = (self._begun + text).rpartition("\n")
            self._pass_on(lines + newline)
        return len(text)

    def finish_line(self) -> None:
        """Pass on the line that has not ended, as a line of its own."""
        with self._lock:
            if self._begun:
                self.write("\n")

    def writable(self) -> bool:
        """Return that it can be written."""
        return True

    def _pass_on(self, text: str) -> None:
        if text:
            self._target.write(visible(self._redacted(text)))
            self._target.flush()
