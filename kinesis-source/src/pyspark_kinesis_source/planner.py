"""The long-lived side of a streaming query: it keeps iterators, prefetches, and says how far a micro-batch goes."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Any

from .ahead import Ahead, Pace, density, far_behind, look_ahead
from .client import make_client
from .cursor import ShardCursor, ShardOrigin
from .offsets import Offset, Position, StreamOffset, advance
from .options import Options
from .partitions import PrefetchedPartition
from .prefetch import Prefetch, Taken, in_tasks
from .ranges import RangePartition, ShardRange, in_shares
from .records import pack
from .streams import StreamView, look_at
from .watch import Watch

# A task takes some 50 ms of a core, as many records as that a tenth of it: few of them are not worth one more task.
TASK_RECORDS = 1000
_THREADS = 8  # hides the round trips of a handful of shards


@dataclass(frozen=True)
class Planned:
    """A micro-batch: the records of shards that were read, and the ranges that tasks are to read."""

    start: Offset
    end: Offset
    taken: Mapping[ShardOrigin, Taken]
    ranges: Sequence[ShardRange]


class Planner:
    """See the module; `latest` and `partitions` are what Spark's reader calls."""

    def __init__(self, options: Options) -> None:
        self.options, self.client = options, make_client(options)
        self.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kinesis")
        self.watch = Watch(self.client, options, self.pool)
        self.cursors: dict[ShardOrigin, ShardCursor] = {}
        self.target: int | None = None
        self.finished: set[ShardOrigin] = set()
        self.planned: Planned | None = None

    def close(self) -> None:
        """End the threads; those that wait for an answer do so when it comes."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    def set_target(self) -> None:
        """From now on read what has arrived until now, then nothing."""
        self.watch.look()
        self.target = min(view.now() for view in self.watch.views.values())

    def latest(self, start: Offset, limit: int | None) -> Offset:
        """The end of the next micro-batch; `start` if there is none.

        Its records are then prefetched, those of shards far behind apart: tasks read these.

        Raises:
            DataLossError: records have expired, or a stream is not the one that it was.
            botocore.exceptions.ClientError: Kinesis refuses, or stays unreachable.
        """
        self.watch.look(unless_fresh=True)
        base = self.watch.rebased(start)
        cursors = {origin: self._cursor(origin, position) for origin, position in self._readable(start, base)}
        ahead = self._ahead(cursors) if limit is None else {}
        near = {origin: cursor for origin, cursor in cursors.items() if origin not in ahead}
        prefetch = Prefetch(self.options, limit=limit, target=self.target, patient=not ahead)
        taken = prefetch.run(near, self.pool)
        if self._must_look(near, taken) and self.watch.finds_new_stream():
            return self.latest(start, limit)
        ranges = [ShardRange(origin, cursors[origin].position, each.end) for origin, each in ahead.items()]
        read = {origin: self._position(near[origin], each) for origin, each in taken.items()}
        read |= {origin: _leap(cursors[origin], each) for origin, each in ahead.items()}
        end = self._advanced(base, read)
        self.planned = Planned(start, end, taken, ranges)
        return end

    def _ahead(self, cursors: Mapping[ShardOrigin, ShardCursor]) -> dict[ShardOrigin, Ahead]:
        """The ends of the ranges that tasks are to read."""
        found: dict[ShardOrigin, Ahead] = {}
        for name, view in self.watch.views.items():
            own = [cursor for origin, cursor in cursors.items() if origin.stream == name]
            far = far_behind(own, view, self.options)
            ends = self.pool.map(look_ahead, far, repeat(view.now()), repeat(self.target))
            found |= {cursor.origin: end for cursor, end in zip(far, ends, strict=True) if end}
        return found

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

        After a restart nothing is at hand; then tasks read the ranges of all shards.
        """
        planned = self.planned
        if planned and (planned.start, planned.end) == (start, end):
            prefetched = [
                PrefetchedPartition(pack(batches)) for batches in in_tasks(planned.taken, TASK_RECORDS)
            ]
            return [*in_shares(planned.ranges, self.options.shards_per_task), *prefetched]
        self.watch.look()
        ranges = [
            each
            for name in end
            if name in start and start[name].created == end[name].created
            for each in self._ranges(name, start[name], end[name])
        ]
        return list(in_shares(ranges, self.options.shards_per_task))

    def _ranges(self, name: str, start: StreamOffset, end: StreamOffset) -> list[ShardRange]:
        view = self.watch.views.get(name) or look_at(self.client, name, retries=self.options.client_retries)
        if view.created != end.created:
            self.watch.lose(f"stream {name} was deleted and created again while a micro-batch of it was open")
            return []
        return [
            ShardRange(ShardOrigin(name, shard, end.start), start.shards[shard], position)
            for shard, position in end.shards.items()
            if (position.records or position.since is not None) and position != start.shards.get(shard)
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
        if taken.records:
            dense = density(taken.size, taken.first_arrival, taken.arrival)
            cursor.pace = Pace(taken.arrival, dense, cursor.behind, view.now())
        elif cursor.pace and taken.at_end:
            cursor.pace = replace(cursor.pace, behind=0)
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


def _leap(cursor: ShardCursor, ahead: Ahead) -> Position:
    """Return where the shard stands after its range; moves its cursor there."""
    cursor.pace, cursor.behind = ahead.pace, ahead.pace.behind
    cursor.settle(ahead.end)
    return ahead.end


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
