"""Look at something again and again while a benchmark does its work."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def repeated(look: Callable[[], None], seconds: float) -> Iterator[None]:
    """While it lasts, `look` is called in a thread of its own, with pauses of so many seconds."""
    stop = threading.Event()

    def run() -> None:
        while not stop.wait(seconds):
            look()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
