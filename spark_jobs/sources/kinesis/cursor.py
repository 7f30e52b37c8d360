"""Reading one shard, page by page, within Kinesis' limits."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import dropwhile
from typing import TYPE_CHECKING, Any

from .client import EXPIRED_ITERATOR, GONE, Backoff, error_code, stream_argument
from .errors import GoneError
from .offsets import Position
from .options import MAX_PAGE_RECORDS, MIN_FETCH_SECONDS, Options
from .records import Record, arrival_millis

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)

# A page ends at 10 MB, whatever the limit of records: from half of that on it may be cut short.
_FULL_PAGE_BYTES = 5_000_000


@dataclass(frozen=True)
class Page:
    """What one read of a shard gave.

    records: may be none though more follow.
    behind: milliseconds between the last record of the page and the shard's newest.
    at_end: nothing more was there at the time of the read.
    closed: nothing more will ever come.
    """

    records: Sequence[Record]
    behind: int
    at_end: bool
    closed: bool


@dataclass(frozen=True)
class Place:
    """A shard of a stream, and the time (milliseconds since 1970, 0 for the oldest record) to start at."""

    stream: str
    shard: str
    start: int


class ShardCursor:
    """A place in a shard; `due` says (as time.monotonic() does) when it may be read again.

    stale: the position is older than what the stream keeps; reading fails unless its record is still there.
    """

    def __init__(
        self,
        client: "KinesisClient",
        options: Options,
        place: Place,
        position: Position,
        *,
        stale: bool = False,
    ) -> None:
        self.client, self.options, self.place, self.position = client, options, place, position
        self.due = 0.0
        self.iterator: str | None = None
        self.unproven = stale
        self.backoff = Backoff(options.client_retries)

    def fetch(self, limit: int) -> Page | None:
        """The next page of up to `limit` records, or None if Kinesis asks for patience (see `due`).

        Raises:
            GoneError: the place is not in the shard any more.
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
        pause = self.options.min_fetch_seconds if page.at_end else MIN_FETCH_SECONDS
        self.due = asked + max(pause, size / self.options.max_fetch_bytes_per_second)
        return page

    def moved_to(self, position: Position, *, exactly: bool) -> None:
        """The records up to there are taken; `exactly`: all that were fetched."""
        self.position = position
        if not exactly:
            self.iterator = None

    def _page(self, limit: int) -> tuple[Page, int]:
        if self.iterator is None:
            self.iterator = self._open()
        limit = min(limit + self.unproven, MAX_PAGE_RECORDS)
        answer = self.client.get_records(ShardIterator=self.iterator, Limit=limit)
        found, behind = answer["Records"], answer.get("MillisBehindLatest", 0)
        self.iterator = answer.get("NextShardIterator")
        size = sum(len(record["Data"]) for record in found)
        # LocalStack says 0 ms also where more records of the same millisecond follow.
        at_end = behind == 0 and len(found) < limit and size < _FULL_PAGE_BYTES
        records = self._accepted(found)
        if self.unproven and (records or at_end or not self.iterator):
            records = self._proven(records)
        return Page(records, behind, at_end, closed=not self.iterator), size

    def _accepted(self, records: list[Record]) -> list[Record]:
        """Without those before the start: boto3 may cut an iterator's time to the second."""
        if self.position.sequence is not None or not self.place.start:
            return records
        return list(dropwhile(lambda record: arrival_millis(record) < self.place.start, records))

    def _proven(self, records: list[Record]) -> list[Record]:
        if not records or records[0]["SequenceNumber"] != self.position.sequence:
            raise GoneError("what was read last has expired, and so may have records after it")
        self.unproven = False
        return records[1:]

    def _open(self) -> str:
        """An iterator behind the position, or at its record if that is still to be proven.

        Raises:
            GoneError: the service does not know the shard, or the record there.
        """
        name = stream_argument(self.place.stream)
        try:
            answer = self.client.get_shard_iterator(ShardId=self.place.shard, **name, **self._where())
        except Exception as error:
            if error_code(error) in GONE:
                raise GoneError(str(error)) from error
            raise
        iterator: str = answer["ShardIterator"]
        return iterator

    def _where(self) -> dict[str, Any]:
        if self.position.sequence is not None:
            kind = "AT_SEQUENCE_NUMBER" if self.unproven else "AFTER_SEQUENCE_NUMBER"
            return {"ShardIteratorType": kind, "StartingSequenceNumber": self.position.sequence}
        if self.unproven:
            raise GoneError("nothing of it was read for longer than the stream keeps records")
        if self.place.start:
            moment = datetime.fromtimestamp(self.place.start / 1000, UTC)
            return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": moment}
        return {"ShardIteratorType": "TRIM_HORIZON"}

    def _postpone(self, error: Exception) -> None:
        code = error_code(error)
        if code == EXPIRED_ITERATOR:
            log.info(
                "Kinesis: the iterator of %s %s expired; taking a new one",
                self.place.stream,
                self.place.shard,
            )
            self.iterator, self.due = None, time.monotonic()
            return
        if code in GONE:
            raise GoneError(str(error)) from error
        delay = self.backoff.delay_after(error)
        self.due = time.monotonic() + delay
        log.warning(
            "Kinesis: %s %s: %s; reading on in %.1f s", self.place.stream, self.place.shard, error, delay
        )
