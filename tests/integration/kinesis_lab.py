"""A Kinesis stream of its own, queries that read it into a sink that is exactly once, and a child that dies.

The sink keeps every attempt of every micro-batch, so that a repeated one can be compared with the first.
"""

import http
import json
import os
import secrets
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery
from pyspark_kinesis_source import KinesisDataSource

from common.clients import aws_options
from common.settings import Settings, load_settings
from common.wait import wait_until
from spark_jobs.session.spark import spark_session
from tests.integration.forwarding_server import Answer, ForwardingServer, Request

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

# LocalStack makes and reshards a stream in a second or two; the machine may be busy with Spark.
_STREAM_SECONDS = 30.0
QUERY_SECONDS = 120

Hook = Callable[[int], None]


def nothing(_batch: int) -> None:
    """A hook without effect."""


def make_session(settings: Settings) -> SparkSession:
    """The session of the integration tests, with the source registered."""
    small = settings.replace(SPARK_MASTER="local[2]")
    session = spark_session(small, "kinesis", brief=True)
    session.conf.set("spark.sql.shuffle.partitions", "2")
    session.dataSource.register(KinesisDataSource)
    return session


class Stream:
    """A fresh stream."""

    def __init__(self, settings: Settings, shards: int = 1) -> None:
        self.settings = settings
        self.client: KinesisClient = boto3.client("kinesis", **aws_options(settings))
        self.name = f"test-{secrets.token_hex(4)}"
        self.create(shards)

    def create(self, shards: int) -> None:
        """Make it (again)."""
        self.client.create_stream(StreamName=self.name, ShardCount=shards)
        self.wait_active()

    def delete(self) -> None:
        """Delete it, and wait until it is gone."""
        self.client.delete_stream(StreamName=self.name)
        wait_until(lambda: self.status() is None, timeout=_STREAM_SECONDS, what=f"{self.name} to be deleted")

    def status(self) -> str | None:
        """Its status, None if there is no such stream."""
        with suppress(self.client.exceptions.ResourceNotFoundException):
            summary = self.client.describe_stream_summary(StreamName=self.name)
            return summary["StreamDescriptionSummary"]["StreamStatus"]
        return None

    def wait_active(self) -> None:
        """Return once it takes calls."""
        wait_until(
            lambda: self.status() == "ACTIVE", timeout=_STREAM_SECONDS, what=f"{self.name} to be active"
        )

    def put(self, values: Iterable[int], keys: int = 7) -> None:
        """Each value as a record; its partition key is the value modulo `keys`."""
        entries = [{"Data": str(value).encode(), "PartitionKey": str(value % keys)} for value in values]
        for start in range(0, len(entries), 500):
            answer = self.client.put_records(StreamName=self.name, Records=entries[start : start + 500])  # type: ignore[arg-type]
            assert not answer["FailedRecordCount"]

    def open_shards(self) -> list[str]:
        """The shards that take records, in the order of their hash keys."""
        shards = [
            shard
            for shard in self.client.list_shards(StreamName=self.name)["Shards"]
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]
        ]
        return [
            shard["ShardId"]
            for shard in sorted(shards, key=lambda shard: int(shard["HashKeyRange"]["StartingHashKey"]))
        ]

    def split(self, shard: str) -> None:
        """Split it into halves."""
        (found,) = [
            each
            for each in self.client.list_shards(StreamName=self.name)["Shards"]
            if each["ShardId"] == shard
        ]
        keys = found["HashKeyRange"]
        middle = (int(keys["StartingHashKey"]) + int(keys["EndingHashKey"])) // 2
        self.client.split_shard(StreamName=self.name, ShardToSplit=shard, NewStartingHashKey=str(middle))
        self.wait_active()

    def merge(self, shard: str, neighbour: str) -> None:
        """Merge the two."""
        self.client.merge_shards(StreamName=self.name, ShardToMerge=shard, AdjacentShardToMerge=neighbour)
        self.wait_active()


def source_options(settings: Settings, *streams: str, **options: object) -> dict[str, str]:
    """Options of the source that find LocalStack."""
    aws = aws_options(settings)
    found = {
        "streamName": ",".join(streams),
        "endpointUrl": aws["endpoint_url"],
        "region": aws["region_name"],
        "awsAccessKey": aws["aws_access_key_id"],
        "awsSecretKey": aws["aws_secret_access_key"],
        "minFetchPeriod": "200ms",
    }
    return found | {name: str(value) for name, value in options.items()}


class CountingKinesis(ForwardingServer):
    """Kinesis, with a count of the reads that found no record."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.aws.endpoint_url)
        self.empty_pages = 0

    def answer(self, request: Request) -> Answer:
        """Answer as Kinesis does."""
        answer = self.forward(request)
        is_read = request.headers.get("X-Amz-Target", "").endswith(".GetRecords")
        if is_read and answer.status == http.HTTPStatus.OK and not json.loads(answer.body)["Records"]:
            self.empty_pages += 1
        return answer


def next_second() -> None:
    """Return in a later second than this one: iterators may be cut to whole seconds."""
    now = int(time.time())
    wait_until(lambda: int(time.time()) > now, timeout=30, what="the next second")


class ReadRecord(NamedTuple):
    """A record as a query has read it; its data is a number."""

    stream: str
    shard: str
    sequence_number: str
    partition_key: str
    value: int


class Sink:
    """A folder: one file for each attempt at a micro-batch; the newest attempt of a batch counts."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, rows: DataFrame, batch: int) -> None:
        """Write all rows of the batch, or none."""
        found = [
            ReadRecord(row.stream, row.shardId, row.sequenceNumber, row.partitionKey, int(row.data))
            for row in rows.collect()
        ]
        path = self.folder / f"{batch:06}-{time.time_ns()}"
        path.with_suffix(".tmp").write_text(json.dumps(found))
        path.with_suffix(".tmp").rename(path.with_suffix(".json"))

    def attempts(self) -> dict[int, list[list[ReadRecord]]]:
        """Batch -> its attempts, the oldest first."""
        found: dict[int, list[list[ReadRecord]]] = {}
        for path in sorted(self.folder.glob("*.json")):
            rows = [ReadRecord(*each) for each in json.loads(path.read_text())]
            found.setdefault(int(path.name[:6]), []).append(rows)
        return found

    def rows(self) -> list[ReadRecord]:
        """Every batch once, in order."""
        return [row for tries in self.attempts().values() for row in tries[-1]]

    def values(self) -> list[int]:
        """Return what the records held."""
        return [row.value for row in self.rows()]

    def check_repeats(self) -> int:
        """A repeated batch had the same rows each time; how many batches were repeated."""
        tries = [[sorted(each) for each in batch] for batch in self.attempts().values()]
        assert all(each == batch[0] for batch in tries for each in batch)
        return sum(len(batch) > 1 for batch in tries)

    def check_holds(self, values: Iterable[int]) -> None:
        """Each of the values once, and no other."""
        found, wanted = Counter(self.values()), Counter(values)
        twice = [row for row in self.rows() if found[row.value] > wanted[row.value]]
        assert found == wanted, f"missing {wanted - found}, too many {twice}"


class Reader:
    """A query from the streams into a sink, with a checkpoint, to be started again and again."""

    def __init__(self, spark: SparkSession, folder: Path, options: dict[str, str]) -> None:
        self.spark, self.options = spark, options
        self.checkpoint, self.sink = folder / "checkpoint", Sink(folder / "sink")

    def start(
        self, *, available_now: bool = False, before: Hook = nothing, after: Hook = nothing, **options: object
    ) -> StreamingQuery:
        """Start the query; the hooks are called with the batch's number before and after the sink's write."""

        def process(rows: DataFrame, batch: int) -> None:
            before(batch)
            self.sink.write(rows, batch)
            after(batch)

        given = self.options | {name: str(value) for name, value in options.items()}
        frame = self.spark.readStream.format("kinesis").options(**given).load()
        writer = frame.writeStream.foreachBatch(process).option("checkpointLocation", str(self.checkpoint))
        return (writer.trigger(availableNow=True) if available_now else writer).start()

    def drain(self, **options: Any) -> StreamingQuery:  # noqa: ANN401 - those of `start`
        """Read what is there, with Trigger.AvailableNow."""
        query = self.start(available_now=True, **options)
        assert query.awaitTermination(QUERY_SECONDS), "Trigger.AvailableNow does not end"
        return query

    def offset(self) -> dict[str, Any]:
        """The newest line of the checkpoint's offset log."""
        newest = max((self.checkpoint / "offsets").glob("[0-9]*"), key=lambda path: int(path.name))
        offset: dict[str, Any] = json.loads(newest.read_text().splitlines()[-1])
        return offset

    def forget_commit(self) -> int:
        """As if the process had died before the last batch's commit; that batch."""
        newest = max((self.checkpoint / "commits").glob("[0-9]*"), key=lambda path: int(path.name))
        newest.unlink()
        newest.with_name(f".{newest.name}.crc").unlink(missing_ok=True)
        return int(newest.name)


def _die(when: int, batch: int) -> None:
    if batch == when:
        os.killpg(0, signal.SIGKILL)


def _go_no_further(when: int, batch: int) -> None:
    if batch == when:
        threading.Event().wait()


def main(stream: str, folder: str, moment: str, batch: str) -> None:
    """A child: read the stream until killed, or until it kills itself before or after a batch's write.

    At the moment `until`, it reads no further than before the batch.
    """
    settings = load_settings()
    options = source_options(settings, stream, initialPosition="earliest", maxRecordsPerTrigger=40)
    reader = Reader(make_session(settings), Path(folder), options)
    number = int(batch)
    hooks: dict[str, dict[str, Hook]] = {
        "before": {"before": partial(_die, number)},
        "after": {"after": partial(_die, number)},
        "until": {"before": partial(_go_no_further, number)},
        "never": {},
    }
    reader.start(**hooks[moment]).awaitTermination()  # type: ignore[arg-type]


if __name__ == "__main__":
    main(*sys.argv[1:])
