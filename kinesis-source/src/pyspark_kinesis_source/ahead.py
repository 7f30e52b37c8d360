"""The ends of ranges that tasks read of shards far behind: records that are looked up by their time.

Nobody has to read up to it for that, so what a micro-batch may hold is not bounded by what one process can read.
"""

import time
from collections.abc import Collection
from dataclasses import dataclass, replace

from .cursor import Page, ShardCursor
from .errors import GoneError
from .offsets import Position
from .options import Options
from .records import arrival_millis
from .streams import StreamView

# Bytes per millisecond. Kinesis gives 2 MB of a shard a second, and takes 1 MB in: no shard is denser than that.
_GIVEN, _TAKEN_IN = 2000.0, 1000.0
# Where a shard is thin it may be dense further on. Seen as no thinner than this, a range is ten times as large as it is
# wanted at most.
_THINNEST = 100.0
# No record is looked up among the newest: there may be none yet.
_NEWEST_MILLIS = 1000
# So long a look-up may be throttled, or find nothing; the shard is read by the driver then.
_PATIENCE_SECONDS = 2.0
# The record before a range must be there until tasks have begun it: they may wait for others.
_MARGIN_MILLIS = 600_000


@dataclass(frozen=True)
class Pace:
    """The state of a shard at its cursor's position, as this process knows it; times in milliseconds since 1970.

    arrival: of the record there.
    density: bytes per millisecond of arrival, as it was when the process read the shard last.
    behind: milliseconds from that record to the shard's newest, at the time `seen`.
    """

    arrival: int
    density: float
    behind: int
    seen: int

    def behind_at(self, now: int) -> int:
        """Milliseconds from the record to the newest; 0 if it is not known that more follows."""
        return self.behind and self.behind + now - self.seen

    def backlog(self, now: int) -> float:
        """Bytes that wait, about."""
        return self.behind_at(now) * self.density


@dataclass(frozen=True)
class Ahead:
    """The end of a range, and the pace of its shard there."""

    end: Position
    pace: Pace


def density(size: int, first: int, last: int) -> float:
    """Bytes per millisecond of a shard of which `size` bytes arrived between two times."""
    return min(size / max(last - first, 1), _TAKEN_IN)


def far_behind(cursors: Collection[ShardCursor], view: StreamView, options: Options) -> list[ShardCursor]:
    """Those shards of a stream that tasks are to read: none, unless more waits than this process may hold."""
    now = view.now()
    if sum(cursor.pace.backlog(now) for cursor in cursors if cursor.pace) < options.fetch_buffer_bytes:
        return []
    return [
        cursor
        for cursor in cursors
        if cursor.pace
        and cursor.pace.backlog(now)
        and now - cursor.pace.arrival < view.retention - _MARGIN_MILLIS
    ]


def look_ahead(cursor: ShardCursor, now: int, target: int | None) -> Ahead | None:
    """The end of the shard's next range; None if that cannot be told.

    Args:
        cursor: of a shard that is far behind.
        now: the server's time, in milliseconds since 1970.
        target: no record that arrived later is to be in the range.

    Raises:
        botocore.exceptions.ClientError: Kinesis refuses, or stays unreachable.
    """
    if not cursor.pace:
        return None
    for moment in _moments(cursor.pace, _wanted(cursor.options), now):
        page = _first_record(cursor, moment)
        ahead = page and _range_end(cursor, cursor.pace, page, now, target)
        if ahead:
            return ahead
    return None


def _moments(pace: Pace, wanted: float, now: int) -> list[int]:
    """The times up to which so many bytes wait, or all but the newest: first as if records kept coming, then if not."""
    spans = [
        min(wanted / max(pace.density, _THINNEST), behind - _NEWEST_MILLIS)
        for behind in (pace.behind_at(now), pace.behind)
    ]
    moments = [int(pace.arrival + span) // 1000 * 1000 for span in spans]  # boto3 cuts times to the second
    return [moment for moment in dict.fromkeys(moments) if moment > pace.arrival]


def _wanted(options: Options) -> float:
    """Bytes that a task reads of a shard in maxFetchDuration."""
    return min(options.max_fetch_bytes_per_second, _GIVEN * 1000) * options.max_fetch_seconds


def _first_record(cursor: ShardCursor, moment: int) -> Page | None:
    """The page of the shard's first record from the time on; None if there is none, or if it takes too long."""
    origin = replace(cursor.origin, start=moment)
    scout = ShardCursor(cursor.client, cursor.options, origin, Position(read_to=moment))
    scout.due = cursor.due
    try:
        return _page_with_a_record(scout)
    except GoneError:
        return None  # the driver, which reads the shard then, finds out what is gone
    finally:
        cursor.due = scout.due


def _page_with_a_record(scout: ShardCursor) -> Page | None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while scout.due < deadline:
        time.sleep(max(0.0, scout.due - time.monotonic()))
        page = scout.fetch(1)
        if page and page.records:
            return page
        if page and (page.at_end or page.closed):
            break
    return None


def _range_end(cursor: ShardCursor, pace: Pace, page: Page, now: int, target: int | None) -> Ahead | None:
    sequence, arrival = page.records[0]["SequenceNumber"], arrival_millis(page.records[0])
    if int(sequence) <= int(cursor.sequence or 0) or (target is not None and arrival > target):
        return None
    end = Position(max(arrival, cursor.position.read_to), sequence, since=pace.arrival)
    return Ahead(end, Pace(arrival, pace.density, page.behind, now))
