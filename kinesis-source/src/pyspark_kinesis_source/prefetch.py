"""Read many shards at once, until they are read to their end or a limit is reached."""

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import repeat, takewhile

import pyarrow as pa

from .cursor import Page, ShardCursor, ShardOrigin
from .errors import GoneError
from .options import MAX_PAGE_RECORDS, Options
from .records import arrival_millis, to_batch
from .values import MIN_FETCH_SECONDS

# So long a call may find nothing; Spark asks again at once, and can stop the query in between.
_TIMEOUT_SECONDS = 1.0
# A shard that is nearly read up is left to the next micro-batch; else a steady flow would never end this one.
_LAGGING_MILLIS = 1000


@dataclass
class Taken:
    """The records read of one shard; arrival of its first and its last record, in milliseconds since 1970.

    lagging: more is known to follow, a second's worth or more.
    cut: records that arrived after the target were left out.
    """

    batches: list[pa.RecordBatch] = field(default_factory=list)
    records: int = 0
    size: int = 0
    sequence: str | None = None
    first_arrival: int = 0
    arrival: int = 0
    at_end: bool = False
    closed: bool = False
    lagging: bool = False
    cut: bool = False
    gone: GoneError | None = None

    @property
    def over(self) -> bool:
        """Return whether there is no use in reading on now."""
        return self.at_end or self.closed or self.cut or self.gone is not None


class Prefetch:
    """One run over the shards of a micro-batch.

    Args:
        limit: of records; None for no limit of its own.
        target: records that arrived later (milliseconds since 1970) are left for another run.
        patient: wait for records if there are none.
    """

    def __init__(
        self, options: Options, *, limit: int | None, target: int | None, patient: bool = True
    ) -> None:
        self.options, self.limit, self.target, self.patient = options, limit, target, patient
        self.taken: dict[ShardOrigin, Taken] = {}

    def run(self, cursors: Mapping[ShardOrigin, ShardCursor], pool: Executor) -> Mapping[ShardOrigin, Taken]:
        """Read; the cursors' own positions are left to the caller."""
        self.taken = {origin: Taken() for origin in cursors}
        started = time.monotonic()
        while True:
            waiting = [cursor for origin, cursor in cursors.items() if not self.taken[origin].over]
            room = self._room()
            if not waiting or room <= 0:
                return self.taken
            now = time.monotonic()
            due = [cursor for cursor in waiting if cursor.due <= now]
            if not due:
                pause = min(cursor.due for cursor in waiting) - now
                if not self._worth_waiting(pause, now - started):
                    return self.taken
                time.sleep(min(pause, _TIMEOUT_SECONDS))
            elif self._count() and now - started > self.options.max_fetch_seconds:
                return self.taken
            else:
                due = sorted(due, key=lambda cursor: cursor.due)[:room]
                share = min(room // len(due), self.options.max_records_per_fetch)
                for cursor, page in pool.map(_fetch, due, repeat(share)):
                    self._take(cursor, page)

    def _count(self) -> int:
        return sum(taken.records for taken in self.taken.values())

    def _room(self) -> int:
        """Return how many records may still be asked for."""
        if sum(taken.size for taken in self.taken.values()) >= self.options.fetch_buffer_bytes:
            return 0
        return MAX_PAGE_RECORDS * len(self.taken) if self.limit is None else self.limit - self._count()

    def _worth_waiting(self, pause: float, elapsed: float) -> bool:
        """With records at hand, only for shards known to hold more; with none, as long as is polite."""
        if self._count():
            return pause <= MIN_FETCH_SECONDS and any(taken.lagging for taken in self.taken.values())
        return self.patient and (self.target is not None or elapsed < _TIMEOUT_SECONDS)

    def _take(self, cursor: ShardCursor, page: Page | GoneError | None) -> None:
        taken = self.taken[cursor.origin]
        if page is None:
            return
        if isinstance(page, GoneError):
            taken.gone = page
            return
        records = list(takewhile(self._in_time, page.records))
        taken.cut = len(records) < len(page.records)
        taken.at_end = page.at_end and not taken.cut
        taken.closed = page.closed and not taken.cut
        taken.lagging = not taken.over and (page.full or page.behind >= _LAGGING_MILLIS)
        if records:
            taken.batches.append(to_batch(cursor.origin.stream, cursor.origin.shard, records))
            taken.records += len(records)
            taken.size += taken.batches[-1].nbytes
            taken.sequence = records[-1]["SequenceNumber"]
            taken.first_arrival = taken.first_arrival or arrival_millis(records[0])
            taken.arrival = arrival_millis(records[-1])

    def _in_time(self, record: Mapping[str, object]) -> bool:
        return self.target is None or arrival_millis(record) <= self.target


def _fetch(cursor: ShardCursor, limit: int) -> tuple[ShardCursor, Page | GoneError | None]:
    try:
        return cursor, cursor.fetch(limit)
    except GoneError as error:
        return cursor, error


def in_tasks(taken: Mapping[ShardOrigin, Taken], size: int) -> Iterator[list[pa.RecordBatch]]:
    """The shards' records, those of small shards together: each but the last of the lists holds `size` or more."""
    held: list[pa.RecordBatch] = []
    for each in taken.values():
        held += each.batches
        if sum(batch.num_rows for batch in held) >= size:
            yield held
            held = []
    if held:
        yield held
