"""The state file of an instance, by which `make status` sees that it lives and how far behind it is.

`<state_dir>/run/s3-sink.json` is a `common.state_file`. Its keys besides:

- `connector`: what is applied of a connector's properties (`make connector`), a sentence for each
- `lag`: records not landed yet, over all its partitions
- `partitions`: a list, one entry per partition that the group gave to this instance:
  - `topic`, `partition`
  - `next`: the offset after the last landed one, null while it is not known
  - `buffered`: records in memory, waiting for their object to close
  - `end`: Kafka's end offset as last seen, null until then
  - `problem`: why the partition does not land, or null
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from common.state_file import StateFile


@dataclass(frozen=True)
class PartitionStatus:
    """The landing progress of a partition; offsets are None while they are not known."""

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
    """The sink's state file."""

    def __init__(self, state_dir: Path, connector: Sequence[str] = ()) -> None:
        self._file = StateFile(state_dir, "s3-sink")
        self._connector = list(connector)

    def write(self, partitions: Callable[[], list[PartitionStatus]], problem: str | None = None) -> None:
        """Replace the file, at most once a second; `partitions` is asked only then.

        Args:
            problem: why Kafka gives the sink no partitions, if it does not.
        """
        self._file.write(lambda: {"connector": self._connector, **_state(partitions(), problem)})


def _state(partitions: list[PartitionStatus], problem: str | None) -> dict[str, Any]:
    stuck = next((one for one in partitions if one.problem), None)
    return {
        "problem": problem or (stuck and f"{stuck.topic}[{stuck.partition}] does not land: {stuck.problem}"),
        "lag": sum(partition.lag for partition in partitions),
        "partitions": [asdict(partition) for partition in partitions],
    }
