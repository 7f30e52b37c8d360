"""Periodic background work for each query."""

import threading
from collections.abc import Callable, Sequence

from spark_jobs.streaming.runner import Runner

# To measure a lag reads from each shard, of whose 5 reads a second the queries need most; to look after a checkpoint is
# one small request.
_SECONDS = 5.0


def start(
    name: str, work: Callable[[Runner], None], runners: Sequence[Runner], stop: threading.Event
) -> None:
    """Begin to do it until `stop` is set, in a thread of its own: a server that hangs must not stop the rest."""

    def run() -> None:
        while not stop.wait(_SECONDS):
            for runner in runners:
                work(runner)

    threading.Thread(target=run, name=name, daemon=True).start()
