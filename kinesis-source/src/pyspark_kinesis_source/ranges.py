"""The ranges of shards that tasks read from Kinesis: of shards that are far behind, and all after a restart."""

import logging
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from .cursor import ShardCursor, ShardOrigin
from .errors import DataLossError, GoneError
from .offsets import Position
from .options import Options
from .partitions import next_page
from .records import Record, to_batch

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ShardRange:
    """The records after `start` up to and with `end` of one shard."""

    origin: ShardOrigin
    start: Position
    end: Position


@dataclass
class RangePartition(InputPartition):
    """The ranges of a task, which are the same records however often it is repeated."""

    ranges: Sequence[ShardRange]

    def batches(self, client: "KinesisClient", options: Options) -> Iterator[pa.RecordBatch]:
        """The records, a page in each batch; the shards are read at the same time, each in its order.

        Raises:
            DataLossError: some are gone.
        """
        threads = ThreadPoolExecutor(len(self.ranges))
        readers = [_RangeReader(client, options, each) for each in self.ranges]
        reading = {threads.submit(reader.read_on): reader for reader in readers}
        try:
            while reading:
                for future in wait(reading, return_when=FIRST_COMPLETED).done:
                    reader = reading.pop(future)
                    if batch := future.result():
                        yield batch
                    if not reader.over:
                        reading[threads.submit(reader.read_on)] = reader
        finally:
            threads.shutdown(wait=False, cancel_futures=True)


def in_shares(ranges: Sequence[ShardRange], size: int) -> Iterator[RangePartition]:
    """The ranges in tasks of `size` shards."""
    remaining = iter(ranges)
    while share := list(islice(remaining, size)):
        yield RangePartition(share)


class _RangeReader:
    """Reads a range page by page, and finds out whether it is complete.

    Either its records were counted when they were read first. Or nobody has read them yet: then the record before the
    range must still be there, since records expire in their order.
    """

    def __init__(self, client: "KinesisClient", options: Options, wanted: ShardRange) -> None:
        self.options, self.wanted = options, wanted
        self.counted = wanted.end.since is None
        self.missing, self.last = wanted.end.records, int(wanted.end.sequence or 0)
        self.cursor = ShardCursor(client, options, wanted.origin, wanted.start, stale=not self.counted)
        self.over = False

    def read_on(self) -> pa.RecordBatch | None:
        """The next page; None if it has no records.

        Raises:
            DataLossError: records are gone.
        """
        limit = self.options.max_records_per_fetch
        try:
            page = next_page(self.cursor, min(self.missing, limit) if self.counted else limit)
        except GoneError as error:
            self._lose(error)
            return None
        records = list(takewhile(self._is_inside, page.records))
        self.missing -= len(records)
        self.over = self._is_complete(records)
        if not self.over and (page.at_end or page.closed or len(records) < len(page.records)):
            self._lose(GoneError("the shard holds fewer records up to there"))
        return to_batch(self.wanted.origin.stream, self.wanted.origin.shard, records) if records else None

    def _is_inside(self, record: Record) -> bool:
        return int(record["SequenceNumber"]) <= self.last

    def _is_complete(self, records: Sequence[Record]) -> bool:
        if self.counted:
            return self.missing <= 0
        return bool(records) and int(records[-1]["SequenceNumber"]) == self.last

    def _lose(self, error: GoneError) -> None:
        """An error, or a warning; then what is left of the range is read."""
        if self.options.fail_on_data_loss:
            raise DataLossError(
                f"{self._lost(error)}. Set failOnDataLoss to false to go on with what is left"
            )
        log.warning("Kinesis: %s", self._lost(error))
        self.over = not self.cursor.unproven
        self.cursor = ShardCursor(self.cursor.client, self.options, self.wanted.origin, self.wanted.start)

    def _lost(self, error: GoneError) -> str:
        start, end = self.wanted.start, self.wanted.end
        what = (
            f"{self.missing} of {end.records} records up to {end.sequence}, which a micro-batch had before a restart, "
            "are gone"
            if self.counted
            else f"records between {start.sequence} and {end.sequence} may be gone"
        )
        return f"stream {self.wanted.origin.stream}, shard {self.wanted.origin.shard}: {what} ({error})"
