"""A limit on the memory of a notebook's Python: the cell that reaches it fails, and takes nothing else along.

Without one the kernel of the system ends a process where the machine or the container has no more: this one, its Spark,
or another program. The limit is RLIMIT_DATA, which Linux alone keeps.
"""

import resource
from pathlib import Path

# The kernel's account of this process, in pages; the sixth figure is its data.
_HELD = Path("/proc/self/statm")
_UNITS = {"m": 2**20, "g": 2**30}
# A notebook that holds all it may can still run what lets go of it.
_LEAST = 64 * 2**20


class MemoryLimit:
    """The memory that this process may hold. Nothing is limited before `allow`."""

    def __init__(self) -> None:
        self._text = ""
        self._bytes = 0
        self._none = resource.getrlimit(resource.RLIMIT_DATA)

    def allow(self, text: str) -> None:
        """Allow so much, such as `512m` or `2g`, beyond what the process holds now: Python, libraries, threads.

        Where the account has a limit of its own, that one stands; other systems than Linux keep none.
        """
        if _HELD.exists() and self._none[0] == resource.RLIM_INFINITY:
            self._text = text
            self._bytes = _held() + int(text[:-1]) * _UNITS[text[-1]]

    def apply(self) -> None:
        """Begin with a cell: what it allocates beyond the limit is a MemoryError."""
        if self._bytes:
            soft = max(self._bytes, _held() + _LEAST)
            resource.setrlimit(resource.RLIMIT_DATA, (soft, self._none[1]))

    def explain(self, error: MemoryError) -> MemoryError:
        """Lift the limit, so that there is memory to tell of the error, and return it with what to do."""
        resource.setrlimit(resource.RLIMIT_DATA, self._none)
        if not self._bytes:
            return error
        said = (
            f"this notebook's Python has taken the {self._text} that NOTEBOOK_MEMORY allows it. Let go of what holds "
            "them (`del name`), let Spark do the work, or set NOTEBOOK_MEMORY in .env; in containers the service's "
            "mem_limit in docker-compose.yml has to allow it, too"
        )
        return MemoryError(": ".join(filter(None, (str(error), said)))).with_traceback(error.__traceback__)


def _held() -> int:
    """Return the bytes of this process's data."""
    return int(_HELD.read_text().split()[5]) * resource.getpagesize()


MEMORY = MemoryLimit()
"""This process's own: there is one, whichever notebooks run in it."""
