"""The two readers that Spark asks for: one of a streaming query, one of a batch."""

import logging
from collections.abc import Iterator, Sequence
from typing import Any, cast

import pyarrow as pa
from pyspark.sql.datasource import DataSourceReader, DataSourceStreamReader, InputPartition
from pyspark.sql.streaming.datasource import (
    ReadAllAvailable,
    ReadLimit,
    ReadMaxRows,
    SupportsTriggerAvailableNow,
)

from .client import make_client
from .cursor import ShardOrigin
from .offsets import from_json, to_json
from .options import Options
from .partitions import PrefetchedPartition, ShardPartition
from .planner import Planner
from .ranges import RangePartition
from .streams import look_at

log = logging.getLogger(__name__)


class KinesisStreamReader(DataSourceStreamReader, SupportsTriggerAvailableNow):
    """Spark keeps one in a process of its own for a query, and sends copies to the tasks for `read`."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self._planner: Planner | None = None

    @property
    def planner(self) -> Planner:
        """Made when it is first needed: tasks need none."""
        if self._planner is None:
            self._planner = Planner(self.options)
            if self.options.ignored:
                log.warning("Kinesis: options without effect here: %s", ", ".join(self.options.ignored))
        return self._planner

    def initialOffset(self) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """No stream started yet: Spark asks again after a restart and logs nothing of the answer.

        The first micro-batch has no records; its end, which Spark logs, holds where each stream starts.
        """
        return to_json({})

    def getDefaultReadLimit(self) -> ReadLimit:  # noqa: N802 - Spark's name
        """Option maxRecordsPerTrigger."""
        limit = self.options.max_records_per_trigger
        return ReadAllAvailable() if limit is None else ReadMaxRows(limit)

    def latestOffset(self, start: dict[str, Any], limit: ReadLimit) -> dict[str, Any]:  # noqa: N802 - Spark's name
        """See Planner.latest."""
        rows = limit.max_rows if isinstance(limit, ReadMaxRows) else None
        return to_json(self.planner.latest(from_json(start), rows))

    def reportLatestOffset(self) -> dict[str, Any] | None:  # noqa: N802 - Spark's name
        """Not an offset, which Kinesis does not tell, but how far behind it the query is."""
        return self._planner.report() if self._planner else None

    def prepareForTriggerAvailableNow(self) -> None:  # noqa: N802 - Spark's name
        """See Planner.set_target."""
        self.planner.set_target()

    def partitions(self, start: dict[str, Any], end: dict[str, Any]) -> Sequence[InputPartition]:
        """See Planner.partitions."""
        return self.planner.partitions(from_json(start), from_json(end))

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The records of a partition."""
        if isinstance(partition, RangePartition):
            return partition.batches(make_client(self.options), self.options)
        return cast(PrefetchedPartition, partition).batches()

    def stop(self) -> None:
        """The query has ended."""
        if self._planner:
            self._planner.close()


class KinesisBatchReader(DataSourceReader):
    """Reads what has arrived until now."""

    def __init__(self, options: Options) -> None:
        self.options = options

    def partitions(self) -> Sequence[InputPartition]:
        """One for each shard."""
        client = make_client(self.options)
        views = {
            name: look_at(client, name, retries=self.options.client_retries) for name in self.options.streams
        }
        return [
            ShardPartition(ShardOrigin(name, shard, self.options.at_millis), view.now())
            for name, view in views.items()
            for shard in view.parents
        ]

    def read(self, partition: InputPartition) -> Iterator[pa.RecordBatch]:
        """The records of a shard."""
        return cast(ShardPartition, partition).batches(make_client(self.options), self.options)
