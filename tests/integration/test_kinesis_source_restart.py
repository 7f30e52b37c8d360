"""The Kinesis source after failures: at every point of a micro-batch nothing is lost and nothing is read twice."""

import json
import random
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from bench.kinesis_server import serving
from common.settings import Settings
from common.wait import wait_until
from stack.local.isolated import ServiceProcess
from tests.integration.kinesis_lab import Reader, Sink, Stream, make_session, source_options

# A child starts a JVM in 10 s, which may take three times that on a busy machine; its batches take half a second.
CHILD_SECONDS = 90.0


@pytest.fixture(scope="module")
def spark(localstack: Settings) -> Iterator[SparkSession]:
    session = make_session(localstack)
    yield session
    session.stop()


def has_ended(child: ServiceProcess) -> bool:
    return not child.running


def fail(_batch: int) -> None:
    raise RuntimeError("on purpose")


def reader_of(stream: Stream, spark: SparkSession, folder: Path, **options: object) -> Reader:
    given = {"initialPosition": "earliest", "maxRecordsPerTrigger": 50} | options
    return Reader(spark, folder, source_options(stream.settings, stream.name, **given))


def test_exceptions_before_and_after_the_sink(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(localstack, shards=2)
    stream.put(range(120))
    reader = reader_of(stream, spark, tmp_path)
    reader.drain(maxRecordsPerTrigger=1000)
    for number, moment in enumerate(("after", "before", "after"), start=1):
        stream.put(range(120 * number, 120 * (number + 1)))
        with pytest.raises(StreamingQueryException, match="on purpose"):
            reader.drain(**{moment: fail})
        stream.put([1000 + number])  # arrives while the query is down
        reader.drain()
    assert reader.sink.check_repeats() == 2  # the batches that had reached the sink before they failed
    reader.sink.check_holds([*range(480), 1001, 1002, 1003])


def test_shards_far_behind_are_read_by_tasks_and_again(spark: SparkSession, tmp_path: Path) -> None:
    """Of each shard 6 MB wait, of which tasks are given 2 at once."""
    limits = {
        "fetchBufferSize": "1mb",
        "maxFetchRate": "2",
        "maxFetchDuration": "1s",
        "maxRecordsPerFetch": "500",
    }
    with serving(shards=3, records=6000, size=1000) as url:
        given = {"streamName": "s", "endpointUrl": url, "region": "us-east-1", "initialPosition": "earliest"}
        keys = {"awsAccessKey": "key", "awsSecretKey": "secret"}
        reader = Reader(spark, tmp_path, given | keys | limits | {"shardsPerTask": "2"})
        with pytest.raises(StreamingQueryException, match="on purpose"):
            reader.drain(after=lambda batch: fail(batch) if batch == 2 else None)
        assert {"since", "sequence"} <= reader.offset()["streams"]["s"]["shards"][
            "shardId-000000000000"
        ].keys()
        reader.drain()
    assert reader.sink.check_repeats() == 1
    for number in range(3):
        read = [row.value for row in reader.sink.rows() if row.shard == f"shardId-{number:012}"]
        assert read == list(range(6000))


def test_death_between_sink_and_commit(localstack: Settings, spark: SparkSession, tmp_path: Path) -> None:
    stream = Stream(localstack, shards=2)
    stream.put(range(130))
    reader = reader_of(stream, spark, tmp_path)
    reader.drain()
    batch = reader.forget_commit()
    stream.put(range(130, 140))
    reader.drain()
    assert reader.sink.check_repeats() == 1
    assert len(reader.sink.attempts()[batch]) == 2
    reader.sink.check_holds(range(140))


def child(stream: Stream, folder: Path, moment: str, batch: int) -> ServiceProcess:
    """Return a program that reads the stream into `folder`, up to a moment (`kinesis_lab.main`)."""
    arguments = ("tests.integration.kinesis_lab", stream.name, str(folder), moment, str(batch))
    return ServiceProcess(stream.settings, *arguments, log=folder / "child.log")


@pytest.mark.timeout(4 * CHILD_SECONDS + 60)  # four children, one after the other
def test_kill_at_fixed_and_at_random_moments(localstack: Settings, tmp_path: Path) -> None:
    stream, sink = Stream(localstack, shards=2), Sink(tmp_path / "sink")  # where the child's reader has it
    stream.put(range(200))
    for moment, batch, more in (("before", 2, range(200, 400)), ("after", 4, range(400, 600))):
        with child(stream, tmp_path, moment, batch) as dying:
            wait_until(partial(has_ended, dying), timeout=CHILD_SECONDS, what="the child to die")
        stream.put(more)
    chance = random.Random(4)  # noqa: S311 - repeatable moments
    with child(stream, tmp_path, "until", 12) as killed:
        killed.wait_healthy(lambda: max(sink.attempts(), default=0) >= 9, timeout=CHILD_SECONDS)
        time.sleep(chance.random())  # it reads on, or waits before batch 12
        killed.kill()
    assert len(sink.values()) < 600
    with child(stream, tmp_path, "never", 0) as reading:
        reading.wait_healthy(lambda: len(sink.values()) >= 600, timeout=CHILD_SECONDS)
    assert sink.check_repeats() >= 1  # that of ("after", 4)
    sink.check_holds(range(600))


def test_stream_created_again_is_an_error_or_begins_anew(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(localstack)
    stream.put(range(10))
    reader = reader_of(stream, spark, tmp_path)
    reader.drain()
    stream.delete()
    stream.create(shards=2)
    stream.put(range(100, 110))
    with pytest.raises(StreamingQueryException, match=f"stream {stream.name} was deleted and created again"):
        reader.drain()
    reader.sink.check_holds(range(10))
    reader.drain(failOnDataLoss="false")
    reader.sink.check_holds([*range(10), *range(100, 110)])
    stream.put([110])
    reader.drain()
    reader.sink.check_holds([*range(10), *range(100, 111)])


def test_stream_created_again_under_a_running_query(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream, other = Stream(localstack), Stream(localstack)
    stream.put(range(10))
    options = source_options(localstack, stream.name, other.name, initialPosition="earliest")
    reader = Reader(spark, tmp_path, options | {"failOnDataLoss": "false", "clientRetries": "20"})
    query = reader.start()
    wait_until(lambda: len(reader.sink.values()) == 10, timeout=CHILD_SECONDS, what="the first records")
    # The query may meet the gap between the two streams, and ends then; it goes on when started again.
    stream.delete()
    stream.create(shards=1)
    stream.put(range(100, 120))
    other.put(range(200, 210))

    def read_all() -> bool:
        nonlocal query
        if not query.isActive:
            query = reader.start()
        return len(reader.sink.values()) >= 40

    wait_until(read_all, timeout=90, what="the records of the new stream", interval=0.5)
    query.stop()
    reader.sink.check_holds([*range(10), *range(100, 120), *range(200, 210)])


def test_open_batch_of_a_stream_that_is_gone(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    """Its end stands in the offset log, but its records are gone with the stream."""
    stream = Stream(localstack)
    stream.put(range(10))
    reader = reader_of(stream, spark, tmp_path)
    with pytest.raises(StreamingQueryException, match="on purpose"):
        reader.drain(before=lambda batch: fail(batch) if batch else None)
    stream.delete()
    stream.create(shards=1)
    stream.put([100])
    with pytest.raises(StreamingQueryException, match="was deleted and created again"):
        reader.drain()
    reader.drain(failOnDataLoss="false")
    reader.sink.check_holds([100])


def test_record_that_is_missing_from_an_open_batch(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    """As after expiry: the batch had more records than the shard still holds up to its end."""
    stream = Stream(localstack)
    stream.put(range(10))
    reader = reader_of(stream, spark, tmp_path)
    with pytest.raises(StreamingQueryException, match="on purpose"):
        reader.drain(before=lambda batch: fail(batch) if batch else None)
    path = reader.checkpoint / "offsets" / "1"
    *head, line = path.read_text().splitlines()
    offset = json.loads(line)
    offset["streams"][stream.name]["shards"]["shardId-000000000000"]["records"] = 12
    path.write_text("\n".join([*head, json.dumps(offset)]))
    path.with_name(".1.crc").unlink(missing_ok=True)
    with pytest.raises(StreamingQueryException, match=r"2 of 12 records .* are gone"):
        reader.drain()
    reader.drain(failOnDataLoss="false")
    reader.sink.check_holds(range(10))
