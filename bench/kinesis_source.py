"""Records per second of the Kinesis source against a bare loop of GetRecords on the same stream, and its overhead.

Needs a running LocalStack (`make up`), with a stream of its own that is deleted at the end. LocalStack takes a
thousand records a second at best, so filling the stream takes most of the time. LocalStack has no limit of bytes per
second, so the source's (maxFetchRate) is set out of reach; its five reads a second of each shard stay.
"""

import secrets
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import boto3
import typer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery
from pyspark_kinesis_source import KinesisDataSource

from bench.ingest import post
from bench.report import Row, report
from bench.running import running_stack
from common.clients import aws_options
from common.kinesis import shard_ids
from common.settings import Settings
from common.wait import wait_until
from spark_jobs.session.spark import spark_session

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

SHARDS = 2
ROUNDS = 2  # the first warms the JVM up
TRICKLE = 20
WAIT_SECONDS = 300.0  # LocalStack serves the slowest of machines 20,000 records in a tenth of that


def main(records: int = 20_000, write: bool = False) -> None:
    """Measure and print.

    Args:
        records: records that wait in the stream when the source starts.
        write: put the table into docs/benchmarks.md.
    """
    settings = running_stack("localstack")
    client: KinesisClient = boto3.client("kinesis", **aws_options(settings))
    with TemporaryDirectory() as folder, fresh_stream(client) as stream, session(settings, folder) as spark:
        fill(client, stream, records)
        bare = records / min(seconds_of(lambda: read_bare(client, stream, records)) for _ in range(ROUNDS))
        lab = Lab(settings, spark, stream, Path(folder))
        rounds = [lab.drain(f"drain-{number}", records) for number in range(ROUNDS)]
        in_tasks = records / min(seconds_of(lambda: lab.read_in_tasks(records)) for _ in range(ROUNDS))
        batch, latency = lab.trickle(client)
    report(
        f"Kinesis source, {records:,} records in {SHARDS} shards",
        [
            Row("read by its micro-batches", max(inner for inner, _ in rounds), "records/s", bare, aim=0.7),
            Row(
                "the same, with the query's start and end",
                max(outer for _, outer in rounds),
                "records/s",
                bare,
            ),
            Row("read by a task for each shard (docs/adr/0010)", in_tasks, "records/s", bare),
            Row("a micro-batch of one record, after it was read", batch, "s"),
            Row("from the put of a record to its micro-batch", latency, "s"),
        ],
        packages=("pyspark", "boto3", "pyarrow"),
        write=write,
    )


@contextmanager
def fresh_stream(client: "KinesisClient") -> Iterator[str]:
    """A stream of this run."""
    name = f"bench-{secrets.token_hex(4)}"
    client.create_stream(StreamName=name, ShardCount=SHARDS)

    def active() -> bool:
        summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
        return summary["StreamStatus"] == "ACTIVE"

    try:
        wait_until(active, timeout=WAIT_SECONDS, what=f"stream {name}")
        yield name
    finally:
        client.delete_stream(StreamName=name)


@contextmanager
def session(settings: Settings, folder: str) -> Iterator[SparkSession]:
    """A Spark session with the source registered."""
    spark = spark_session(settings.replace(STATE_DIR=Path(folder)), "bench")
    spark.dataSource.register(KinesisDataSource)
    try:
        yield spark
    finally:
        spark.stop()


def fill(client: "KinesisClient", stream: str, records: int) -> None:
    """Put posts, 500 in a request."""
    for start in range(0, records, 500):
        numbers = range(start, min(start + 500, records))
        entries = [{"Data": post(), "PartitionKey": str(number)} for number in numbers]
        assert not client.put_records(StreamName=stream, Records=entries)["FailedRecordCount"]  # type: ignore[arg-type]


def read_bare(client: "KinesisClient", stream: str, records: int) -> None:
    """Read as fast as Python can read Kinesis: one shard after another, no pause."""
    found = 0
    for shard in shard_ids(client, stream):
        iterator = client.get_shard_iterator(
            StreamName=stream, ShardId=shard, ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while (page := client.get_records(ShardIterator=iterator, Limit=10_000))["Records"]:
            found += len(page["Records"])
            iterator = page["NextShardIterator"]
    assert found == records, f"{found} of {records}"


def seconds_of(task: Callable[[], object]) -> float:
    """Return how long it takes."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


class Lab:
    """Queries of one stream, each with a checkpoint of its own."""

    def __init__(self, settings: Settings, spark: SparkSession, stream: str, folder: Path) -> None:
        self.spark, self.folder = spark, folder
        aws = aws_options(settings)
        self.options = {
            "streamName": stream,
            "region": aws["region_name"],
            "awsAccessKey": aws["aws_access_key_id"],
            "awsSecretKey": aws["aws_secret_access_key"],
            "maxFetchRate": "1000",
            "minFetchPeriod": "200ms",
        } | ({"endpointUrl": aws["endpoint_url"]} if aws["endpoint_url"] else {})

    def start(self, name: str, position: str, process: Callable[[DataFrame, int], None]) -> StreamingQuery:
        """A query that ends, or with `latest` one that goes on."""
        frame = self.spark.readStream.format("kinesis").options(**self.options, initialPosition=position)
        writer = frame.load().writeStream.foreachBatch(process)
        writer = writer.option("checkpointLocation", str(self.folder / name))
        return (writer if position == "latest" else writer.trigger(availableNow=True)).start()

    def drain(self, name: str, records: int) -> tuple[float, float]:
        """Records per second: of the micro-batches that had records, and of the whole query."""
        counts: list[int] = []
        begin = time.perf_counter()
        query = self.start(name, "trim_horizon", lambda rows, _: counts.append(rows.count()))
        assert query.awaitTermination(int(WAIT_SECONDS))
        whole = time.perf_counter() - begin
        assert sum(counts) == records, f"{sum(counts)} of {records}"
        return records / sum(durations(query, "triggerExecution")), records / whole

    def read_in_tasks(self, records: int) -> None:
        """Read the stream in one job, the plain form: each task opens an iterator for its shard."""
        found = self.spark.read.format("kinesis").options(**self.options).load().count()
        assert found == records, f"{found} of {records}"

    def trickle(self, client: "KinesisClient") -> tuple[float, float]:
        """Medians in seconds: of a micro-batch without its wait for a record, and from a put to its rows."""
        seen: list[float] = []

        def process(rows: DataFrame, _batch: int) -> None:
            seen.extend([time.perf_counter()] * rows.count())

        query = self.start("trickle", "latest", process)
        wait_until(lambda: query.lastProgress, timeout=WAIT_SECONDS, what="the first micro-batch")
        put: list[float] = []
        for number in range(TRICKLE):
            put.append(time.perf_counter())
            client.put_record(StreamName=self.options["streamName"], Data=post(), PartitionKey=str(number))
            wait_until(
                lambda number=number: len(seen) > number,  # type: ignore[misc]
                timeout=WAIT_SECONDS,
                what="the record",
                interval=0.01,
            )
        query.stop()
        pairs = zip(durations(query, "triggerExecution"), durations(query, "latestOffset"), strict=True)
        overhead = statistics.median(whole - waited for whole, waited in pairs)
        return overhead, statistics.median(there - here for here, there in zip(put, seen, strict=True))


def durations(query: StreamingQuery, part: str) -> list[float]:
    """Seconds that a part of each micro-batch with records took."""
    found = [progress for progress in query.recentProgress if progress["numInputRows"]]
    return [progress["durationMs"][part] / 1000 for progress in found]


if __name__ == "__main__":
    typer.run(main)
