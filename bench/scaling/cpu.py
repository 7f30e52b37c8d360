"""Seconds of CPU that processes use while something is measured."""

import os
from collections.abc import Iterable, Iterator, Mapping

import psutil

from bench.scaling.model import Point, Share
from stack.local.processes import tree

_ENDED = 0  # stands for the threads and children that have ended


class Meter:
    """The clocks of groups of processes, by a name for each; `point` compares them with those of its making."""

    def __init__(self, groups: Mapping[str, Iterable[int]]) -> None:
        self._groups = {name: [*pids] for name, pids in groups.items()}
        self._before = {name: _clocks(pids) for name, pids in self._groups.items()}

    def point(self, records: int, seconds: float) -> Point:
        """Return what each of so many records has taken since, in a measurement of so many seconds."""
        shares = {name: self._share(name, pids, records) for name, pids in self._groups.items()}
        return Point(seconds / records, shares)

    def _share(self, name: str, pids: Iterable[int], records: int) -> Share:
        before = self._before[name]
        used = {clock: seconds - before.get(clock, 0.0) for clock, seconds in _clocks(pids).items()}
        busiest = max(seconds for (_, thread), seconds in used.items() if thread != _ENDED)
        return Share(sum(used.values()) / records, busiest / records)


def _clocks(pids: Iterable[int]) -> dict[tuple[int, int], float]:
    """Seconds by process and thread, of the processes and all that they started."""
    return dict(clock for pid in pids for process in processes_of(pid) for clock in _threads(process))


def processes_of(pid: int) -> list[psutil.Process]:
    """Return the process and its descendants; of this one, which has started all others, itself alone."""
    return [psutil.Process(pid)] if pid == os.getpid() else tree(pid)


def _threads(process: psutil.Process) -> Iterator[tuple[tuple[int, int], float]]:
    try:
        threads, times = process.threads(), process.cpu_times()
    except psutil.NoSuchProcess:
        return
    living = {thread.id: thread.user_time + thread.system_time for thread in threads}
    for thread, seconds in living.items():
        yield (process.pid, thread), seconds
    whole = times.user + times.system + times.children_user + times.children_system
    yield (process.pid, _ENDED), max(whole - sum(living.values()), 0.0)
