"""Look at something again and again while a benchmark does its work."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
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


@contextmanager
def series(look: Callable[[], Mapping[str, float]], seconds: float) -> Iterator[Mapping[str, list[float]]]:
    """While it lasts, note what `look` returns, by name and in order, with pauses of so many seconds."""
    found = defaultdict[str, list[float]](list)

    def note() -> None:
        for name, value in look().items():
            found[name].append(value)

    with repeated(note, seconds):
        yield found
