"""The partitions that a task reads: records that came with it, a range to read once more, or a whole shard."""

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from .cursor import Page, ShardCursor, ShardOrigin
from .errors import DataLossError, GoneError
from .offsets import Position
from .options import Options
from .records import arrival_millis, to_batch, unpack

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

log = logging.getLogger(__name__)


@dataclass
class PrefetchedPartition(InputPartition):
    """Records that the planner has read already, as an Arrow stream."""

    packed: bytes

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The records."""
        return unpack(self.packed)


@dataclass
class RangePartition(InputPartition):
    """The records after `start` up to and with `end` of one shard, as a micro-batch had them before."""

    origin: ShardOrigin
    start: Position
    end: Position

    def batches(self, client: "KinesisClient", options: Options) -> Iterator[pa.RecordBatch]:
        """The same records again.

        Raises:
            DataLossError: some are gone.
        """
        missing, last = self.end.records, int(self.end.sequence or 0)
        cursor = ShardCursor(client, options, self.origin, self.start)
        try:
            while missing > 0:
                page = next_page(cursor, min(missing, options.max_records_per_fetch))
                records = [record for record in page.records if int(record["SequenceNumber"]) <= last]
                missing -= len(records)
                if records:
                    yield to_batch(self.origin.stream, self.origin.shard, records)
                if missing and (page.at_end or page.closed or len(records) < len(page.records)):
                    raise GoneError("the shard holds fewer records up to there")
        except GoneError as error:
            self._lose(options, missing, error)

    def _lose(self, options: Options, missing: int, error: GoneError) -> None:
        what = (
            f"stream {self.origin.stream}, shard {self.origin.shard}: {missing} of {self.end.records} records up to "
            f"{self.end.sequence}, which a micro-batch had before a restart, are gone ({error})"
        )
        if options.fail_on_data_loss:
            raise DataLossError(f"{what}. Set failOnDataLoss to false to go on with what is left")
        log.warning("Kinesis: %s", what)


@dataclass
class ShardPartition(InputPartition):
    """All records of a shard that arrived up to a time, in milliseconds since 1970."""

    origin: ShardOrigin
    until: int

    def batches(self, client: "KinesisClient", options: Options) -> Iterator[pa.RecordBatch]:
        """The records, page by page."""
        cursor = ShardCursor(client, options, self.origin, Position(read_to=0))
        while True:
            page = next_page(cursor, options.max_records_per_fetch)
            records = [record for record in page.records if arrival_millis(record) <= self.until]
            if records:
                yield to_batch(self.origin.stream, self.origin.shard, records)
            if page.at_end or page.closed or len(records) < len(page.records):
                return


def next_page(cursor: ShardCursor, limit: int) -> Page:
    """The cursor's next page, however long Kinesis asks for patience."""
    while True:
        time.sleep(max(0.0, cursor.due - time.monotonic()))
        page = cursor.fetch(limit)
        if page is not None:
            return page
