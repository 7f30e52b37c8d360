"""The partitions that a task reads whole: records that came with it, or a shard up to a time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql.datasource import InputPartition

from .cursor import Page, ShardCursor, ShardOrigin
from .offsets import Position
from .options import Options
from .records import arrival_millis, to_batch, unpack

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


@dataclass
class PrefetchedPartition(InputPartition):
    """Records that the planner has read already, as an Arrow stream."""

    packed: bytes

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The records."""
        return unpack(self.packed)


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
