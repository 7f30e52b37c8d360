"""Ctrl-C and termination, heard without interrupting a statement half-way."""

import os
import signal
from threading import Event, Thread


class Interrupt:
    """Sets `stop` at the first SIGINT or SIGTERM; the second one ends the process at once."""

    def __init__(self, stop: Event) -> None:
        """Begin to listen, in a thread; threads made later inherit that the signals are blocked elsewhere."""
        self.signal: int | None = None
        self._stop = stop
        self._signals = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, self._signals)
        Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        self.signal = signal.sigwait(self._signals)
        self._stop.set()
        os._exit(128 + signal.sigwait(self._signals))
