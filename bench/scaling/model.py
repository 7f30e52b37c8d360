"""Predict the rate of so many instances of a part from what one of them was measured to take.

Pure. A record costs each process seconds of a processor, and of its busiest thread, which a second core does not
relieve. Of the machine's cores, of the other processes' busiest threads and of the instances, the slowest decides.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple


class Share(NamedTuple):
    """A process's seconds of CPU for one record: all its threads', and its busiest thread's."""

    cpu: float
    busiest: float


@dataclass(frozen=True)
class Point:
    """One measurement.

    Attributes:
        seconds: wall-clock seconds for one record.
        shares: what the record cost each process, or all instances of it together, by its name.
    """

    seconds: float
    shares: Mapping[str, Share]

    @property
    def rate(self) -> float:
        """Return records per second."""
        return 1 / self.seconds

    @property
    def cpu(self) -> float:
        """Return the seconds of CPU for one record, of all processes together."""
        return sum(share.cpu for share in self.shares.values())


def predicted(one: Point, scaled: str, instances: int, cores: int, alone: float = 0.0) -> float:
    """Return the records per second of so many instances.

    Args:
        one: the measurement with one instance.
        scaled: the name of the process of which there are more.
        cores: those of the machine that all processes share.
        alone: seconds for one record in which the instances wait for somebody else, however many there are.
    """
    others = [share.busiest for name, share in one.shares.items() if name != scaled]
    together = alone + (one.seconds - alone) / instances
    return 1 / max(together, one.cpu / cores, *others)
