"""The long-lived side of a streaming query: it keeps iterators, prefetches, and says how far a micro-batch goes."""

import logging
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from .client import make_client
from .cursor import Place, ShardCursor
from .errors import DataLossError, OptionError
from .offsets import Offset, Position, StreamOffset, advance, lost_shards, new_stream, with_ready
from .options import Options
from .partitions import PrefetchedPartition, RangePartition
from .prefetch import Prefetch, Taken, batches_of
from .records import pack
from .streams import StreamView, look_at

log = logging.getLogger(__name__)

_THREADS = 8  # hides the round trips of a handful of shards
_NEVER = float("-inf")


@dataclass(frozen=True)
class Prefetched:
    """The records between two offsets, by shard."""

    start: Offset
    end: Offset
    taken: Mapping[Place, Taken]


class Planner:
    """See the module; `latest` and `partitions` are what Spark's reader calls."""

    def __init__(self, options: Options) -> None:
        self.options, self.client = options, make_client(options)
        self.pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="kinesis")
        self.views: dict[str, StreamView] = {}
        self.looked = _NEVER
        self.cursors: dict[Place, ShardCursor] = {}
        self.behind: dict[Place, int] = {}
        self.losses = 0
        self.target: int | None = None
        self.finished: set[Place] = set()
        self.prefetched: Prefetched | None = None

    def close(self) -> None:
        """End the threads; those that wait for an answer do so when it comes."""
        self.pool.shutdown(wait=False, cancel_futures=True)

    def set_target(self) -> None:
        """From now on read what has arrived until now, then nothing."""
        self._look()
        self.target = min(view.now() for view in self.views.values())

    def latest(self, start: Offset, limit: int | None) -> Offset:
        """The end of the next micro-batch, whose records are then prefetched; `start` if there is none.

        Raises:
            DataLossError: records have expired, or a stream is not the one that it was.
            botocore.exceptions.ClientError: Kinesis refuses, or stays unreachable.
        """
        if time.monotonic() - self.looked >= self.options.look_seconds:
            self._look()
        base = self._rebased(start)
        cursors = {place: self._cursor(place, position) for place, position in self._readable(start, base)}
        taken = Prefetch(self.options, limit=limit, target=self.target).run(cursors, self.pool)
        if self._recreated(cursors, taken):
            return self.latest(start, limit)
        read = {place: self._position(cursors[place], each) for place, each in taken.items()}
        end = self._advanced(base, read)
        self.prefetched = Prefetched(start, end, taken)
        return end

    def _recreated(self, cursors: Mapping[Place, ShardCursor], taken: Mapping[Place, Taken]) -> bool:
        """Look at the streams if what was read asks for it; whether one of them is a new one."""
        if not any(
            each.gone or each.closed or (each.records and cursors[place].position.sequence is None)
            for place, each in taken.items()
        ):
            return False
        before = {name: view.created for name, view in self.views.items()}
        self._look()
        return before != {name: view.created for name, view in self.views.items()}

    def partitions(self, start: Offset, end: Offset) -> Sequence[PrefetchedPartition | RangePartition]:
        """One partition per shard with records between the offsets.

        After a restart they are not at hand; then each task reads its range again.
        """
        kept = self.prefetched
        if kept and (kept.start, kept.end) == (start, end):
            return [PrefetchedPartition(pack(batches)) for _, batches in batches_of(kept.taken)]
        self._look()
        return [
            part
            for name in end
            if name in start and start[name].created == end[name].created
            for part in self._ranges(name, start[name], end[name])
        ]

    def _ranges(self, name: str, start: StreamOffset, end: StreamOffset) -> list[RangePartition]:
        view = self.views.get(name) or look_at(self.client, name, retries=self.options.client_retries)
        if view.created != end.created:
            self._lose(f"stream {name} was deleted and created again while a micro-batch of it was open")
            return []
        return [
            RangePartition(Place(name, shard, end.start), start.shards[shard], position)
            for shard, position in end.shards.items()
            if position.records and position != start.shards.get(shard)
        ]

    def _look(self) -> None:
        names, retries = self.options.streams, self.options.client_retries
        self.views = dict(
            zip(names, self.pool.map(partial(look_at, self.client, retries=retries), names), strict=True)
        )
        self.looked = time.monotonic()

    def _lose(self, what: str) -> None:
        """Records are lost: that is an error, or with failOnDataLoss false a warning that is counted."""
        if self.options.fail_on_data_loss:
            raise DataLossError(
                f"{what}. Start anew with another checkpoint, or set failOnDataLoss to false to go on with what is left"
            )
        self.losses += 1
        log.warning("Kinesis: records may be lost: %s", what)

    def _rebased(self, start: Offset) -> dict[str, StreamOffset]:
        """The offset, brought in line with the streams as they are now."""
        for name in start.keys() - self.views.keys():
            log.warning("Kinesis: stream %s is in the checkpoint, but no more in the options", name)
        return {name: self._rebased_stream(name, view, start.get(name)) for name, view in self.views.items()}

    def _rebased_stream(self, name: str, view: StreamView, known: StreamOffset | None) -> StreamOffset:
        if known is None:
            return new_stream(view.created, self._initial(view), view.parents, view.now())
        if known.created != view.created:
            self._lose(f"stream {name} was deleted and created again; the checkpoint is of the deleted one")
            return new_stream(view.created, 0, view.parents, view.now())
        lost = lost_shards(known.shards, view.parents)
        if not lost:
            return known
        self._lose(
            f"stream {name} has no more the shards {', '.join(lost)}, which were not read to their end"
        )
        kept = {shard: position for shard, position in known.shards.items() if shard not in lost}
        return replace(known, shards=with_ready(kept, view.parents, view.now()))

    def _initial(self, view: StreamView) -> int:
        if self.options.initial_position == "latest":
            return view.now()
        if self.options.at_millis > view.now():
            raise OptionError("option initialPosition: expected an at_timestamp in the past")
        return self.options.at_millis

    def _readable(self, start: Offset, base: Offset) -> list[tuple[Place, Position]]:
        """The shards that a micro-batch from `start` may read."""
        return [
            (place, position)
            for name, stream in base.items()
            if name in start and start[name].created == stream.created
            for shard, position in stream.shards.items()
            if not position.closed and shard in start[name].shards
            if (place := Place(name, shard, stream.start)) not in self.finished
        ]

    def _cursor(self, place: Place, position: Position) -> ShardCursor:
        """The shard's cursor if it stands there, else a new one."""
        view = self.views[place.stream]
        stale = view.now() - position.read_to > view.retention
        cursor = self.cursors.get(place)
        if cursor is None or cursor.position != position or (stale and not cursor.unproven):
            renewed = ShardCursor(self.client, self.options, place, position, stale=stale)
            renewed.due = cursor.due if cursor else 0.0
            cursor = self.cursors[place] = renewed
        cursor.settle(position)
        return cursor

    def _position(self, cursor: ShardCursor, taken: Taken) -> Position:
        """Where the shard stands after the micro-batch; moves its cursor there."""
        place, before, view = cursor.place, cursor.position, self.views[cursor.place.stream]
        if taken.gone:
            del self.cursors[place]
            self._lose(f"stream {place.stream}, shard {place.shard}: {taken.gone}")
            return Position(read_to=view.now())
        if self.target is not None and taken.over:
            self.finished.add(place)
        self.behind[place] = taken.behind
        position = _moved(before, taken, view, place.shard)
        cursor.settle(position)
        return position

    def _advanced(self, base: Offset, read: Mapping[Place, Position]) -> Offset:
        """The offset with what was read; the very same if nothing was."""
        positions: dict[str, dict[str, Position]] = {name: {} for name in base}
        for place, position in read.items():
            if position != base[place.stream].shards[place.shard]:
                positions[place.stream][place.shard] = position
        return {
            name: advance(stream, positions[name], self.views[name].parents, self.views[name].now())
            if positions[name]
            else stream
            for name, stream in base.items()
        }

    def report(self) -> dict[str, Any]:
        """For the query's progress: how far behind each shard was when it was read last, in milliseconds."""
        streams: dict[str, dict[str, int]] = {name: {} for name in self.views}
        for place in self.cursors:
            if place.stream in streams and place in self.behind:
                streams[place.stream][place.shard] = self.behind[place]
        return {"millisBehindLatest": streams, "dataLosses": self.losses}


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
