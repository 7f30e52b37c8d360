"""The state file of an instance, by which `make status` sees that it lives and how far behind it is.

`<state_dir>/run/s3-sink.json` is written anew each second. Its keys:

- `written_at`: unix seconds; `pid`: the process; `lag`: records not landed yet, over all its partitions
- `partitions`: a list, one entry per partition that the group gave to this instance:
  - `topic`, `partition`
  - `next`: the offset after the last landed one, null while it is not known
  - `buffered`: records in memory, waiting for their object to close
  - `end`: Kafka's end offset as last seen, null until then
  - `problem`: why the partition does not land, or null
"""

import json
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

_PERIOD = 1.0


@dataclass(frozen=True)
class PartitionStatus:
    """How far a partition has landed; offsets are None while they are not known."""

    topic: str
    partition: int
    next: int | None
    buffered: int
    end: int | None
    problem: str | None

    @property
    def lag(self) -> int:
        """Records in Kafka that have not landed; 0 while that is not known."""
        return max(self.end - self.next, 0) if self.end is not None and self.next is not None else 0


class Status:
    """Writes the state file, at most once a second."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_at = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, partitions: Callable[[], list[PartitionStatus]]) -> None:
        """Replace the file if the last one is a second old; `partitions` is asked only then."""
        if time.monotonic() < self._write_at:
            return
        self._write_at = time.monotonic() + _PERIOD
        found = partitions()
        state = {
            "written_at": time.time(),
            "pid": os.getpid(),
            "lag": sum(partition.lag for partition in found),
            "partitions": [asdict(partition) for partition in found],
        }
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps(state))
        draft.replace(self._path)  # in one step: a reader never sees half a file
