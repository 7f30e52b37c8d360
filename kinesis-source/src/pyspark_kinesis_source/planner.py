"""The long-lived side of a streaming query: it keeps iterators, prefetches, and says how far a micro-batch goes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from .client import make_client
from .cursor import ShardCursor, ShardOrigin
from .offsets import Offset, Position, StreamOffset, advance
from .options import Options
from .partitions import PrefetchedPartition, RangePartition
from .prefetch import Prefetch, Taken, in_tasks
from .records import pack
from .streams import StreamView, look_at
from .watch import Watch

# A task takes some 50 ms of a core, as many records as that a tenth of it: few of them are not worth one more task.
TASK_RECORDS = 1000
_THREADS = 8  # hides the round trips of a handful of shards


@dataclass(frozen=True)
class Prefetched:
    """The records between two offsets, by shard."""

    start: Offset
    end: Offset
    taken: Mapping[ShardOrigin, Taken]


class Planner:
    """See the module; `latest` and `partitions` are what Spark's reader calls."""

    def __init__(self, options: Options) -> None:
        self.options, self.client = options, make_client(options)
        self.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kinesis")
        self.watch = Watch(self.client, options, self.pool)
        self.cursors: dict[ShardOrigin, ShardCursor] = {}
        self.target: int | None = None
        self.finished: set[ShardOrigin] = set()
        self.prefetched: Prefetched | None = None

    def close(self) -> None:
        """End the threads; those that wait for an answer do so when it comes."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    def set_target(self) -> None:
        """From now on read what has arrived until now, then nothing."""
        self.watch.look()
        self.target = min(view.now() for view in self.watch.views.values())

    def latest(self, start: Offset, limit: int | None) -> Offset:
        """The end of the next micro-batch, whose records are then prefetched; `start` if there is none.

        Raises:
            DataLossError: records have expired, or a stream is not the one that it was.
            botocore.exceptions.ClientError: Kinesis refuses, or stays unreachable.
        """
        self.watch.look(unless_fresh=True)
        base = self.watch.rebased(start)
        cursors = {origin: self._cursor(origin, position) for origin, position in self._readable(start, base)}
        taken = Prefetch(self.options, limit=limit, target=self.target).run(cursors, self.pool)
        if self._must_look(cursors, taken) and self.watch.finds_new_stream():
            return self.latest(start, limit)
        read = {origin: self._position(cursors[origin], each) for origin, each in taken.items()}
        end = self._advanced(base, read)
        self.prefetched = Prefetched(start, end, taken)
        return end

    def _must_look(
        self, cursors: Mapping[ShardOrigin, ShardCursor], taken: Mapping[ShardOrigin, Taken]
    ) -> bool:
        """Return whether what was read may be of another stream of the same name, or has made children readable."""
        return any(
            each.gone or each.closed or (each.records and cursors[origin].position.sequence is None)
            for origin, each in taken.items()
        )

    def partitions(self, start: Offset, end: Offset) -> Sequence[PrefetchedPartition | RangePartition]:
        """The records between the offsets, in as many tasks as they are worth.

        After a restart they are not at hand; then there is a task for each shard, which reads its range again.
        """
        kept = self.prefetched
        if kept and (kept.start, kept.end) == (start, end):
            return [PrefetchedPartition(pack(batches)) for batches in in_tasks(kept.taken, TASK_RECORDS)]
        self.watch.look()
        return [
            part
            for name in end
            if name in start and start[name].created == end[name].created
            for part in self._ranges(name, start[name], end[name])
        ]

    def _ranges(self, name: str, start: StreamOffset, end: StreamOffset) -> list[RangePartition]:
        view = self.watch.views.get(name) or look_at(self.client, name, retries=self.options.client_retries)
        if view.created != end.created:
            self.watch.lose(f"stream {name} was deleted and created again while a micro-batch of it was open")
            return []
        return [
            RangePartition(ShardOrigin(name, shard, end.start), start.shards[shard], position)
            for shard, position in end.shards.items()
            if position.records and position != start.shards.get(shard)
        ]

    def _readable(self, start: Offset, base: Offset) -> list[tuple[ShardOrigin, Position]]:
        """The shards that a micro-batch from `start` may read."""
        return [
            (origin, position)
            for name, stream in base.items()
            if name in start and start[name].created == stream.created
            for shard, position in stream.shards.items()
            if not position.closed and shard in start[name].shards
            if (origin := ShardOrigin(name, shard, stream.start)) not in self.finished
        ]

    def _cursor(self, origin: ShardOrigin, position: Position) -> ShardCursor:
        """The shard's cursor if it stands there, else a new one."""
        view = self.watch.views[origin.stream]
        stale = view.now() - position.read_to > view.retention
        cursor = self.cursors.get(origin)
        if cursor is None or cursor.position != position or (stale and not cursor.unproven):
            renewed = ShardCursor(self.client, self.options, origin, position, stale=stale)
            renewed.due = cursor.due if cursor else 0.0
            cursor = self.cursors[origin] = renewed
        cursor.settle(position)
        return cursor

    def _position(self, cursor: ShardCursor, taken: Taken) -> Position:
        """Return where the shard stands after the micro-batch; moves its cursor there."""
        origin, before, view = cursor.origin, cursor.position, self.watch.views[cursor.origin.stream]
        if taken.gone and not taken.records:
            del self.cursors[origin]
            self.watch.lose(f"stream {origin.stream}, shard {origin.shard}: {taken.gone}")
            return Position(read_to=view.now())
        if self.target is not None and taken.over:
            self.finished.add(origin)
        position = _moved(before, taken, view, origin.shard)
        if position.closed:
            del self.cursors[origin]
        cursor.settle(position)
        return position

    def _advanced(self, base: Offset, read: Mapping[ShardOrigin, Position]) -> Offset:
        """The offset with what was read; the very same if nothing was."""
        positions: dict[str, dict[str, Position]] = {name: {} for name in base}
        for origin, position in read.items():
            if position != base[origin.stream].shards[origin.shard]:
                positions[origin.stream][origin.shard] = position
        return {
            name: advance(
                stream, positions[name], self.watch.views[name].parents, self.watch.views[name].now()
            )
            if positions[name]
            else stream
            for name, stream in base.items()
        }

    def report(self) -> dict[str, Any]:
        """For the query's progress: how far behind each shard was when it was read last, in milliseconds."""
        streams: dict[str, dict[str, int]] = {name: {} for name in self.watch.views}
        for origin, cursor in self.cursors.items():
            streams.setdefault(origin.stream, {})[origin.shard] = cursor.behind
        return {"millisBehindLatest": streams, "dataLosses": self.watch.losses}


def _moved(before: Position, taken: Taken, view: StreamView, shard: str) -> Position:
    """The position behind what was taken; the same if nothing was.

    An idle shard's is renewed now and then, so that a restart finds it younger than what the stream keeps.
    """
    # Kinesis lists a shard's children before it ends; without them the order of reading is not known yet.
    closed = taken.closed and any(shard in parents for parents in view.parents.values())
    idle = taken.at_end and view.now() - before.read_to > view.retention // 4
    if not (taken.records or closed or idle):
        return before
    read_to = view.now() if taken.at_end or closed else max(taken.arrival, before.read_to)
    return Position(read_to, taken.sequence or before.sequence, taken.records, closed)
