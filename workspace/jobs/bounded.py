"""A text file that takes so much and no more: a notebook that prints for ever does not fill the disk."""

import io
from typing import TextIO

# As much as a page of results may be; a browser shows the first of it.
LIMIT_CHARACTERS = 20_000_000


class Bounded(io.TextIOBase):
    """Passes text on to a file until there is enough of it."""

    def __init__(self, file: TextIO, limit: int = LIMIT_CHARACTERS) -> None:
        super().__init__()
        self._file, self._left = file, limit

    def write(self, text: str) -> int:
        """Write what there is room for; where room ends, say so."""
        if self._left > 0:
            self._file.write(text[: self._left])
            self._left -= len(text)
            if self._left <= 0:
                self._file.write("\n[more was printed than is kept]\n")
        return len(text)

    def flush(self) -> None:
        """Have readers of the file see it."""
        if not self._file.closed:
            self._file.flush()

    def writable(self) -> bool:
        """Return that it can be written."""
        return True
