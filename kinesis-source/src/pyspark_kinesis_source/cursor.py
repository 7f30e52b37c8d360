"""Reading one shard, page by page, within Kinesis' limits."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import dropwhile
from typing import TYPE_CHECKING, Required, TypedDict

from .client import EXPIRED_ITERATOR, GONE, Backoff, error_code, stream_argument
from .errors import GoneError
from .offsets import Position
from .options import MAX_PAGE_RECORDS, Options
from .records import Record, arrival_millis
from .values import MIN_FETCH_SECONDS

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.literals import ShardIteratorTypeType

    from .ahead import Pace

log = logging.getLogger(__name__)

# A page ends at 10 MB, whatever the limit of records: from half of that on it may be cut short.
_FULL_PAGE_BYTES = 5_000_000


@dataclass(frozen=True)
class Page:
    """The result of one read of a shard.

    records: may be none though more follow.
    behind: milliseconds between the last record of the page and the shard's newest.
    full: the page ended at a limit.
    closed: nothing more will ever come.
    """

    records: Sequence[Record]
    behind: int
    full: bool
    closed: bool

    @property
    def at_end(self) -> bool:
        """Return whether nothing more was there at the time of the read.

        LocalStack says 0 ms behind also where more records of the same millisecond follow.
        """
        return self.behind == 0 and not self.full


@dataclass(frozen=True)
class ShardOrigin:
    """A shard of a stream, and the time (milliseconds since 1970, 0 for the oldest record) to start at."""

    stream: str
    shard: str
    start: int


class _Where(TypedDict, total=False):
    ShardIteratorType: "Required[ShardIteratorTypeType]"
    StartingSequenceNumber: str
    Timestamp: datetime


class ShardCursor:
    """A position in a shard, moved by each read.

    position: where the micro-batch starts; sequence: of the last record read since.
    behind: the last page's, in milliseconds.
    pace: of the shard at the position; None if nothing was read of it yet.
    due: when it may be read again, as time.monotonic() has it.
    stale: the position is older than what the stream keeps; reading fails unless its record is still there.
    """

    def __init__(
        self,
        client: "KinesisClient",
        options: Options,
        origin: ShardOrigin,
        position: Position,
        *,
        stale: bool = False,
    ) -> None:
        self.client, self.options, self.origin, self.position = client, options, origin, position
        self.sequence = position.sequence
        self.due = 0.0
        self.behind = 0
        self.pace: Pace | None = None
        self.iterator: str | None = None
        self.unproven = stale
        self.backoff = Backoff(options.client_retries)

    def fetch(self, limit: int) -> Page | None:
        """The next page of up to `limit` records, or None if Kinesis asks for patience (see `due`).

        Raises:
            GoneError: the position is not in the shard any more.
            botocore.exceptions.ClientError: Kinesis refuses, or stays unreachable.
        """
        asked = time.monotonic()
        try:
            page, size = self._page(limit)
        except GoneError:
            raise
        except Exception as error:
            self._postpone(error)
            return None
        self.backoff.succeeded()
        self.behind = page.behind
        pause = self.options.min_fetch_seconds if page.at_end else MIN_FETCH_SECONDS
        self.due = asked + max(pause, size / self.options.max_fetch_bytes_per_second)
        return page

    def settle(self, position: Position) -> None:
        """The next micro-batch starts there; what was read beyond it will be read again."""
        self.position = position
        if self.sequence != position.sequence:
            self.sequence, self.iterator = position.sequence, None

    def _page(self, limit: int) -> tuple[Page, int]:
        if self.iterator is None:
            self.iterator = self._open()
        limit = min(limit + self.unproven, MAX_PAGE_RECORDS)
        answer = self.client.get_records(ShardIterator=self.iterator, Limit=limit)
        found, behind = list[Record](answer["Records"]), answer.get("MillisBehindLatest", 0)
        self.iterator = answer.get("NextShardIterator")
        size = sum(len(record["Data"]) for record in found)
        page = Page(
            found, behind, full=len(found) >= limit or size >= _FULL_PAGE_BYTES, closed=not self.iterator
        )
        return replace(page, records=self._accepted(page)), size

    def _accepted(self, page: Page) -> Sequence[Record]:
        """The page's records that are after the cursor, which moves to the last of them."""
        records = page.records
        if self.unproven and (records or page.at_end or page.closed):
            records = self._proven(records)
        records = list(dropwhile(self._is_early, records))
        if records:
            self.sequence = records[-1]["SequenceNumber"]
        return records

    def _is_early(self, record: Record) -> bool:
        """Return whether the record is not after the cursor, which two iterators do not see to.

        LocalStack's "after" a shard's very first record begins with that record, and boto3 may cut the time of an
        iterator to the second.
        """
        if self.sequence is not None:
            return int(record["SequenceNumber"]) <= int(self.sequence)
        return arrival_millis(record) < self.origin.start

    def _proven(self, records: Sequence[Record]) -> Sequence[Record]:
        if not records or records[0]["SequenceNumber"] != self.sequence:
            raise GoneError("what was read last has expired, and so may have records after it")
        self.unproven = False
        return records[1:]

    def _open(self) -> str:
        """An iterator behind the position, or at its record if that is still to be proven.

        Raises:
            GoneError: the service does not know the shard, or the record there.
        """
        name = stream_argument(self.origin.stream)
        try:
            answer = self.client.get_shard_iterator(ShardId=self.origin.shard, **name, **self._where())
        except Exception as error:
            if error_code(error) in GONE:
                raise GoneError(str(error)) from error
            raise
        iterator: str = answer["ShardIterator"]
        return iterator

    def _where(self) -> "_Where":
        if self.sequence is not None:
            kind: ShardIteratorTypeType = "AT_SEQUENCE_NUMBER" if self.unproven else "AFTER_SEQUENCE_NUMBER"
            return {"ShardIteratorType": kind, "StartingSequenceNumber": self.sequence}
        if self.unproven:
            raise GoneError("nothing of it was read for longer than the stream keeps records")
        if self.origin.start:
            moment = datetime.fromtimestamp(self.origin.start / 1000, UTC)
            return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment}
        return {"ShardIteratorType": "TRIM_HORIZON"}

    def _postpone(self, error: Exception) -> None:
        code = error_code(error)
        if code == EXPIRED_ITERATOR:
            log.info(
                "Kinesis: the iterator of %s %s expired; taking a new one",
                self.origin.stream,
                self.origin.shard,
            )
            self.iterator, self.due = None, time.monotonic()
            return
        if code in GONE:
            raise GoneError(str(error)) from error
        delay = self.backoff.delay_after(error)
        self.due = time.monotonic() + delay
        log.warning(
            "Kinesis: %s %s: %s; reading on in %.1f s", self.origin.stream, self.origin.shard, error, delay
        )
