"""The query's place in its streams, as it stands in Spark's offset log, and how it may advance.

    {"version": 1, "streams": {"<stream>": {"created": ms, "start": ms, "shards": {"<shard>": {...}}}}}

All times are milliseconds since 1970. A stream that is not in the offset has not been started yet. Sequence
numbers are decimal texts of up to 56 digits, which no number of JSON's readers holds exactly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

VERSION = 1

# Shard -> its parents: none, one after a split, two after a merge.
Parents = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Position:
    """The position up to which a shard is read.

    read_to: everything that arrived up to this time is read.
    sequence: of the last record read; None if there was none yet.
    records: how many records were read in the micro-batch that ended here.
    closed: a split or a merge ended the shard, and it is read to its end.
    since: tasks read the micro-batch's records, uncounted; the record before them arrived at this time.
    """

    read_to: int
    sequence: str | None = None
    records: int = 0
    closed: bool = False
    since: int | None = None

    def to_json(self) -> dict[str, Any]:
        """As it stands in the offset; what is not set is left out."""
        sequence = {} if self.sequence is None else {"sequence": self.sequence}
        closed = {"closed": True} if self.closed else {}
        since = {} if self.since is None else {"since": self.since}
        return {**sequence, "records": self.records, "read_to": self.read_to, **closed, **since}


@dataclass(frozen=True)
class StreamOffset:
    """The positions of one stream.

    created: the stream's creation, which tells it from another stream of the same name.
    start: shards without a record read start at this time; 0 is the oldest record.
    """

    created: int
    start: int
    shards: Mapping[str, Position]

    def to_json(self) -> dict[str, Any]:
        """As it stands in the offset, the shards in order."""
        shards = {shard: self.shards[shard].to_json() for shard in sorted(self.shards)}
        return {"created": self.created, "start": self.start, "shards": shards}


Offset = Mapping[str, StreamOffset]


def to_json(offset: Offset) -> dict[str, Any]:
    """The offset as Spark keeps it; equal offsets give equal texts."""
    return {"version": VERSION, "streams": {name: offset[name].to_json() for name in sorted(offset)}}


def from_json(value: Mapping[str, Any]) -> dict[str, StreamOffset]:
    """The offset of a checkpoint.

    Raises:
        ValueError: it was not written by this version of the source.
    """
    if value.get("version") != VERSION:
        raise ValueError(f"the checkpoint's offset is not of version {VERSION} of this source: {value}")
    return {
        name: StreamOffset(
            stream["created"],
            stream["start"],
            {shard: Position(**position) for shard, position in stream["shards"].items()},
        )
        for name, stream in value["streams"].items()
    }


def new_stream(created: int, start: int, parents: Parents, now: int) -> StreamOffset:
    """A stream of which nothing is read; it begins at the shards whose parents are gone."""
    return StreamOffset(created, start, with_ready({}, parents, now))


def with_ready(known: Mapping[str, Position], parents: Parents, now: int) -> dict[str, Position]:
    """`known`, with those shards whose turn has come since all their parents are read or gone.

    Closed shards that are gone from the stream are left out, and never come back.
    """
    waited_for = {shard for shard, position in known.items() if not position.closed}
    read_before = {parent for shard in known for parent in parents.get(shard, ())}
    kept = {shard: position for shard, position in known.items() if shard in parents or not position.closed}
    ready = {
        shard: Position(read_to=now)
        for shard, ancestors in parents.items()
        if shard not in known
        and shard not in read_before
        and all(each in known or each not in parents for each in ancestors)
        and waited_for.isdisjoint(ancestors)
    }
    return {**kept, **ready}


def lost_shards(known: Mapping[str, Position], parents: Parents) -> list[str]:
    """Shards that left the stream before they were read to their end."""
    return [shard for shard, position in known.items() if shard not in parents and not position.closed]


def advance(stream: StreamOffset, read: Mapping[str, Position], parents: Parents, now: int) -> StreamOffset:
    """The stream's offset once the shards of `read` are read up to there."""
    return replace(stream, shards=with_ready({**stream.shards, **read}, parents, now))
