"""The streaming queries: what each reads, where it writes, how often it looks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession

from common.settings import Settings
from contracts.tables import TABLES
from spark_jobs.streaming import experimental, speed
from spark_jobs.streaming.delta import DeltaSink
from spark_jobs.streaming.experimental import ExperimentalRows
from spark_jobs.streaming.lag import KafkaLag, KinesisLag, Lag
from spark_jobs.streaming.records import from_kafka, from_kinesis
from spark_jobs.streaming.speed import SpeedRows
from spark_jobs.streaming.transactions import TransactionSink

# People wait for Postgres; Delta's files and versions had better be few.
_KINESIS_TRIGGER = "250 milliseconds"  # Kinesis gives each shard 5 reads a second, shared with Delta's query
_KAFKA_TRIGGER = "0 seconds"
_DELTA_TRIGGER = "30 seconds"


class Sink(Protocol):
    """The destination of a query's micro-batches."""

    def remembers(self, query_id: str) -> bool:
        """Return whether what this checkpoint's micro-batches wrote is still there."""

    def make_ready(self) -> None:
        """Make what is to be written to, before a query that begins or goes on."""

    def write(self, batch: DataFrame, batch_id: int, query_id: str) -> None:
        """Write a micro-batch; doing so again changes nothing."""

    def close(self) -> None:
        """Let go of what is held."""


@dataclass(frozen=True)
class Query:
    """A streaming query. `open_sink` is called at each of its starts, `read` likewise."""

    name: str
    source: str
    trigger: str
    read: Callable[[], DataFrame]
    open_sink: Callable[[], Sink]
    measure_lag: Callable[[str], Lag]


def all_queries(spark: SparkSession, settings: Settings) -> list[Query]:
    """Every query of the service."""
    names = {table: settings.stream(table) for table in TABLES}
    streams = f"streaming-{settings.user_id}-*"
    to_speed = Query(
        name="speed",
        source=streams,
        trigger=_KINESIS_TRIGGER,
        read=lambda: speed.validate(from_kinesis(spark, settings), names),
        open_sink=lambda: TransactionSink(
            settings, "pinterest", *(SpeedRows(table, stream) for table, stream in names.items())
        ),
        measure_lag=KinesisLag(settings).measure,
    )
    to_delta = Query(
        name="delta",
        source=streams,
        trigger=_DELTA_TRIGGER,
        read=lambda: speed.validate(from_kinesis(spark, settings), names),
        open_sink=partial(DeltaSink, settings),
        measure_lag=KinesisLag(settings).measure,
    )
    to_experimental = Query(
        name="experimental",
        source=settings.rest_proxy.pin_streaming_topic,
        trigger=_KAFKA_TRIGGER,
        read=lambda: experimental.validate(
            from_kafka(spark, settings, settings.rest_proxy.pin_streaming_topic)
        ),
        open_sink=lambda: TransactionSink(settings, "pinterest_streaming", ExperimentalRows()),
        measure_lag=KafkaLag(settings).measure,
    )
    return [to_speed, to_delta, to_experimental]
