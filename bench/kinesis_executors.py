"""Records per second of the Kinesis source over many shards: read by tasks, against the driver reading all.

Needs no running stack: the shards are those of a fake, which shares the machine's cores with the readers. A limit of
records for each micro-batch, which only the driver can keep to, has it read all.
"""

import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

import boto3
import typer
from pyspark.sql import SparkSession
from pyspark_kinesis_source import KinesisDataSource

from bench.ingest import POST_BYTES
from bench.kinesis_server import serving
from bench.report import Row, report
from common.settings import load_settings
from spark_jobs.session.spark import spark_session

SHARDS = 50
PAGE = 1000
WARM_UP = 2500  # records a shard: tasks have two seconds' to read, once the driver has read a small page
REGION = "us-east-1"
KEYS = ("key", "secret")  # any will do
WAIT_SECONDS = 600  # three times what the driver takes for all records on a busy machine


def main(
    records: Annotated[int, typer.Option(help="In all shards together.")] = 600_000,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print."""
    each = records // SHARDS
    with serving(SHARDS, each, POST_BYTES) as url, serving(SHARDS, WARM_UP, POST_BYTES) as warm_up:
        one, two = (read_at_once(url, each, processes) for processes in (1, 2))
        lab = Lab(url, warm_up, each * SHARDS)
        driver = lab.drained(cores=2, maxRecordsPerTrigger=str(10 * records))
        tasks = {cores: lab.drained(cores=cores) for cores in (1, 2)}
    report(
        f"Kinesis source on executors, {each * SHARDS:,} records in {SHARDS} shards",
        [
            Row("bare GetRecords in one process", one, "records/s"),
            Row("the same in two", two, "records/s", one),
            Row("a query whose driver reads, two cores", driver.whole, "records/s", one),
            Row("a query whose tasks read, one core", tasks[1].whole, "records/s", driver.whole),
            Row("the same, its micro-batches of tasks alone", tasks[1].by_tasks, "records/s", driver.whole),
            Row("a query whose tasks read, two cores", tasks[2].whole, "records/s", driver.whole),
            Row("the same, its micro-batches of tasks alone", tasks[2].by_tasks, "records/s", driver.whole),
        ],
        packages=("pyspark", "boto3", "pyarrow"),
        write=write,
    )


def read_at_once(url: str, records: int, processes: int) -> float:
    """Records per second of bare loops, each in a process of its own that has a share of ten shards."""
    share = 10 // processes
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        pool.map(partial(read_bare, url, 1), range(processes))  # imports what it needs
        begin = time.perf_counter()
        pool.map(partial(read_bare, url, records), [share] * processes, chunksize=1)
        return records * share * processes / (time.perf_counter() - begin)


def read_bare(url: str, records: int, shards: int) -> None:
    """Read shards one after another, with no pause."""
    client = boto3.client(
        "kinesis", REGION, endpoint_url=url, aws_access_key_id=KEYS[0], aws_secret_access_key=KEYS[1]
    )
    for number in range(shards):
        iterator = client.get_shard_iterator(
            StreamName="s", ShardId=f"shardId-{number:012}", ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        found = 0
        while found < records:
            page = client.get_records(ShardIterator=iterator, Limit=PAGE)
            found += len(page["Records"])
            iterator = page["NextShardIterator"]


@contextmanager
def session(cores: int, folder: str) -> Iterator[SparkSession]:
    """A Spark session with the source registered."""
    spark = spark_session(
        load_settings().replace(STATE_DIR=Path(folder), SPARK_MASTER=f"local[{cores}]"), "bench"
    )
    spark.dataSource.register(KinesisDataSource)
    try:
        yield spark
    finally:
        spark.stop()


@dataclass(frozen=True)
class Rates:
    """Records per second of all micro-batches, and of those that tasks have read; 0 if none did."""

    whole: float
    by_tasks: float


@dataclass(frozen=True)
class Lab:
    """The URLs of two servers, the one for measuring, and how many records that one has."""

    url: str
    warm_up: str
    records: int

    def drained(self, cores: int, **options: str) -> Rates:
        """The rates of a query that reads all, in a session that has read some already."""
        with TemporaryDirectory() as folder, session(cores, folder) as spark:
            warm = {"fetchBufferSize": "8mb", "maxRecordsPerFetch": "200", **options}
            _drain(spark, f"{folder}/0", self.warm_up, warm, SHARDS * WARM_UP)
            progress = _drain(spark, f"{folder}/1", self.url, options, self.records)
        return Rates(_rate(progress), _rate([each for each in progress if _read_by_tasks(each)]))


def _drain(
    spark: SparkSession, checkpoint: str, url: str, options: dict[str, str], records: int
) -> list[dict[str, Any]]:
    """The progress of a query's micro-batches that had records."""
    given = {
        "streamName": "s",
        "region": REGION,
        "endpointUrl": url,
        "awsAccessKey": KEYS[0],
        "awsSecretKey": KEYS[1],
        "initialPosition": "trim_horizon",
        "maxFetchRate": "2",
        "maxRecordsPerFetch": str(PAGE),
    }
    frame = spark.readStream.format("kinesis").options(**given | options)
    counts: list[int] = []
    writer = frame.load().writeStream.foreachBatch(lambda rows, _: counts.append(rows.count()))
    query = writer.option("checkpointLocation", checkpoint).trigger(availableNow=True).start()
    assert query.awaitTermination(WAIT_SECONDS)
    assert sum(counts) == records, f"{sum(counts)} of {records}"
    return [dict(each) for each in query.recentProgress if each["numInputRows"]]


def _read_by_tasks(progress: dict[str, Any]) -> bool:
    return '"since"' in str(progress["sources"][0]["endOffset"]).replace("'", '"')


def _rate(progress: list[dict[str, Any]]) -> float:
    seconds: float = sum(each["durationMs"]["triggerExecution"] for each in progress) / 1000
    rows: int = sum(each["numInputRows"] for each in progress)
    return rows / seconds if seconds else 0.0


if __name__ == "__main__":
    typer.run(main)
