"""Plan a replay: which rows, in which batches and how fast."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from threading import Event
from time import monotonic

from contracts.rows import Row
from contracts.tables import TABLES, Table
from emulator.source import Source

Counts = Mapping[Table, int]
Streams = Mapping[Table, Iterator[Row]]
Batch = Mapping[Table, Sequence[Row]]


@dataclass(frozen=True)
class Plan:
    """The rows to replay and the pace; the options of `python -m emulator`.

    `ticks` is the most requests a second for each topic or stream where there is a rate.
    """

    rate: float | None
    limit: int | None
    random: bool
    seed: int
    loop: bool
    batch: int
    start_after: int | None
    ticks: int

    @property
    def ordered(self) -> bool:
        """Return whether each row is sent once, by key."""
        return not (self.random or self.loop)

    @property
    def batch_size(self) -> int:
        """Posts of one request: fewer than `batch` where the rate would make them wait for each other."""
        return self.batch if self.rate is None else min(self.batch, max(1, int(self.rate / self.ticks)))


def post_limit(counts: Counts, plan: Plan) -> int | None:
    """Posts at which to end; None is at the end of the rows, or never."""
    draws_all = plan.random and not plan.loop and plan.limit is None
    return min(counts.values()) if draws_all else plan.limit


def record_count(counts: Counts, plan: Plan) -> int | None:
    """Records that the plan sends; None is endless."""
    limit = post_limit(counts, plan)
    if plan.random or plan.loop:
        if not all(counts.values()):
            return 0
        return None if limit is None else limit * len(counts)
    return sum(count if limit is None else min(count, limit) for count in counts.values())


def streams(source: Source, counts: Counts, plan: Plan) -> Streams:
    """The rows of each table as the plan orders them: post i is the i-th row of each."""
    after = plan.start_after
    if plan.random:
        # Positions that all three tables have.
        keys = {table: source.keys(table, after)[: min(counts.values())] for table in TABLES}
        return {table: source.at_random(table, keys[table], plan.seed) for table in TABLES}
    if plan.loop:
        return {table: _again_and_again(source, table, after) for table in TABLES}
    return {table: source.in_order(table, after) for table in TABLES}


def _again_and_again(source: Source, table: Table, after: int | None) -> Iterator[Row]:
    while True:
        yield from source.in_order(table, after)


def batches(rows: Streams, size: int, limit: int | None) -> Iterator[Batch]:
    """The posts in batches of `size`, at most `limit` posts in all."""
    taken = 0
    while limit is None or taken < limit:
        count = size if limit is None else min(size, limit - taken)
        batch = {table: list(islice(stream, count)) for table, stream in rows.items()}
        if not any(batch.values()):
            return
        yield batch
        taken += count


def paced(posts: Iterable[Batch], rate: float | None, stop: Event) -> Iterator[Batch]:
    """Each batch when it is due at `rate` posts per second, until `stop` is set; lost time is not made up."""
    due = monotonic()
    for batch in posts:
        if stop.wait(max(0.0, due - monotonic())):
            return
        yield batch
        if rate is not None:
            due = max(due, monotonic()) + max(map(len, batch.values())) / rate
