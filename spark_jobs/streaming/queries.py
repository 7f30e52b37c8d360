"""The streaming queries: what each reads, where it writes, how often it looks."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from pyspark.sql import DataFrame, SparkSession

from services.common.settings import TABLES, Settings, Table
from spark_jobs.streaming.delta import DeltaSink
from spark_jobs.streaming.experimental import ExperimentalRows
from spark_jobs.streaming.lag import KafkaLag, KinesisLag, Lag
from spark_jobs.streaming.records import from_kafka, from_kinesis
from spark_jobs.streaming.speed import SpeedRows
from spark_jobs.streaming.transactions import TransactionSink

# People wait for Postgres; Delta's files had better be few.
_KINESIS_TRIGGER = "250 milliseconds"  # Kinesis gives each shard 5 reads a second, shared with Delta's query
_KAFKA_TRIGGER = "0 seconds"
_DELTA_TRIGGER = "10 seconds"


class Sink(Protocol):
    """Where a query's micro-batches go."""

    def remembers(self, query_id: str) -> bool:
        """Whether what this checkpoint's micro-batches wrote is still there."""

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
    speed = [_speed(spark, settings, table) for table in TABLES]
    delta = [_delta(spark, settings, table) for table in TABLES]
    return [*speed, *delta, _experimental(spark, settings)]


def _speed(spark: SparkSession, settings: Settings, table: Table) -> Query:
    return Query(
        name=f"speed-{table}",
        source=settings.stream(table),
        trigger=_KINESIS_TRIGGER,
        read=partial(from_kinesis, spark, settings, table),
        open_sink=lambda: TransactionSink(settings, SpeedRows(table)),
        measure_lag=KinesisLag(settings).measure,
    )


def _delta(spark: SparkSession, settings: Settings, table: Table) -> Query:
    return Query(
        name=f"delta-{table}",
        source=settings.stream(table),
        trigger=_DELTA_TRIGGER,
        read=partial(from_kinesis, spark, settings, table),
        open_sink=partial(DeltaSink, spark, settings, table),
        measure_lag=KinesisLag(settings).measure,
    )


def _experimental(spark: SparkSession, settings: Settings) -> Query:
    topic = settings.pin_streaming_topic
    return Query(
        name="experimental",
        source=topic,
        trigger=_KAFKA_TRIGGER,
        read=partial(from_kafka, spark, settings, topic),
        open_sink=lambda: TransactionSink(settings, ExperimentalRows()),
        measure_lag=KafkaLag(settings).measure,
    )
