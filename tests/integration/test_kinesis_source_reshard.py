"""The Kinesis source while shards split and merge: each partition key's records come in their order."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from common.settings import Settings
from common.wait import wait_until
from tests.integration.kinesis_lab import QUERY_SECONDS, Reader, Stream, make_session, source_options


@pytest.fixture(scope="module")
def spark(localstack: Settings) -> Iterator[SparkSession]:
    session = make_session(localstack)
    yield session
    session.stop()


def reshard(stream: Stream, values: Iterator[int]) -> None:
    """Split, split again, merge back across the splits; puts before, between and after."""

    def put() -> None:
        stream.put([next(values) for _ in range(40)])

    put()
    stream.split(stream.open_shards()[0])
    put()
    stream.split(stream.open_shards()[-1])
    put()
    for _ in range(2):
        first, second, *_ = stream.open_shards()
        stream.merge(first, second)
        put()
    stream.split(stream.open_shards()[0])
    put()


def check_order(reader: Reader) -> None:
    """Of each partition key, the values in the order in which they were put: they only grow."""
    by_key: defaultdict[str, list[int]] = defaultdict(list)
    for record in reader.sink.rows():
        by_key[record.partition_key].append(record.value)
    assert len(by_key) == 7
    for values in by_key.values():
        assert values == sorted(values)


def test_resharding_under_load(localstack: Settings, spark: SparkSession, tmp_path: Path) -> None:
    stream = Stream(localstack, shards=2)
    options = source_options(localstack, stream.name, initialPosition="earliest", shardFetchInterval="1s")
    reader = Reader(spark, tmp_path, options)
    query = reader.start()
    producer = Thread(target=reshard, args=(stream, iter(range(240))))
    producer.start()
    wait_until(
        lambda: len(reader.sink.values()) >= 240 or not query.isActive, timeout=120, what="all records"
    )
    producer.join()
    query.stop()
    assert query.exception() is None
    reader.sink.check_holds(range(240))
    check_order(reader)


def test_resharded_stream_read_in_small_batches_with_failures(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(localstack, shards=2)
    reshard(stream, iter(range(240)))
    options = source_options(localstack, stream.name, initialPosition="earliest", maxRecordsPerTrigger=25)
    reader = Reader(spark, tmp_path, options)

    def fail_at_fives(batch: int) -> None:
        if batch and batch % 5 == 0 and len(reader.sink.attempts().get(batch, [])) == 1:
            raise RuntimeError("on purpose")

    while True:
        query = reader.start(available_now=True, after=fail_at_fives)
        with suppress(StreamingQueryException):
            query.awaitTermination(QUERY_SECONDS)
        if query.exception() is None:
            break
        assert "on purpose" in str(query.exception())
    assert reader.sink.check_repeats() >= 2
    reader.sink.check_holds(range(240))
    check_order(reader)


def test_every_shard_is_left_once_it_is_read(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(localstack)
    stream.put(range(20))
    (parent,) = stream.open_shards()
    stream.split(parent)
    stream.put(range(20, 40))
    reader = Reader(spark, tmp_path, source_options(localstack, stream.name, initialPosition="earliest"))
    reader.drain()
    shards = reader.offset()["streams"][stream.name]["shards"]
    assert shards.keys() == {parent, *stream.open_shards()}
    assert [shard for shard, position in shards.items() if position.get("closed")] == [parent]
    stream.put(range(40, 60))
    reader.drain()
    reader.sink.check_holds(range(60))
    check_order(reader)
