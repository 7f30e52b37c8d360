"""The Kinesis source on a real LocalStack: what it reads, from where, up to where."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from pyspark.errors import PySparkException, StreamingQueryException
from pyspark.sql import SparkSession
from pyspark_kinesis_source import measure_lag
from pyspark_kinesis_source.client import make_client
from pyspark_kinesis_source.options import parse_options

from common.settings import Settings
from common.wait import wait_until
from tests.integration.kinesis_lab import (
    CountingKinesis,
    Reader,
    Stream,
    make_session,
    next_second,
    source_options,
)

# A query starts in 5 s on two idle cores and a micro-batch takes half a second; twenty times that on a busy machine.
READ_SECONDS = 100.0


@pytest.fixture(scope="module")
def spark(localstack: Settings) -> Iterator[SparkSession]:
    session = make_session(localstack)
    yield session
    session.stop()


def test_batch_read_gives_every_record_with_its_columns(localstack: Settings, spark: SparkSession) -> None:
    stream = Stream(localstack, shards=2)
    begin = datetime.now(UTC)
    stream.put(range(1200))
    frame = spark.read.format("kinesis").options(**source_options(localstack, stream.name)).load()
    assert frame.dtypes == [
        ("partitionKey", "string"),
        ("data", "binary"),
        ("stream", "string"),
        ("shardId", "string"),
        ("sequenceNumber", "string"),
        ("approximateArrivalTimestamp", "timestamp"),
    ]
    rows = frame.collect()
    assert sorted(int(row["data"]) for row in rows) == list(range(1200))
    assert all(row["partitionKey"] == str(int(row["data"]) % 7) for row in rows)
    assert {row["stream"] for row in rows} == {stream.name}
    assert {row["shardId"] for row in rows} == {"shardId-000000000000", "shardId-000000000001"}
    assert {len(row["sequenceNumber"]) for row in rows} == {56}
    assert len({(row["shardId"], row["sequenceNumber"]) for row in rows}) == 1200
    moments = [row["approximateArrivalTimestamp"].replace(tzinfo=UTC) for row in rows]
    assert begin - timedelta(seconds=2) < min(moments) <= max(moments) < datetime.now(UTC)


def test_batch_read_of_several_streams_from_a_time(localstack: Settings, spark: SparkSession) -> None:
    streams = [Stream(localstack), Stream(localstack)]
    for number, stream in enumerate(streams):
        stream.put([number])
    next_second()
    middle = datetime.now(UTC)
    for number, stream in enumerate(streams):
        stream.put([10 + number])
    options = source_options(localstack, *(stream.name for stream in streams))
    position = f'{{"at_timestamp": "{middle.isoformat()}"}}'
    frame = spark.read.format("kinesis").options(**options, initialPosition=position).load()
    found = {(row["stream"], int(row["data"])) for row in frame.collect()}
    assert found == {(stream.name, 10 + number) for number, stream in enumerate(streams)}


def test_role_is_assumed(localstack: Settings) -> None:
    given = source_options(localstack, "any", roleArn="arn:aws:iam::000000000000:role/reader")
    given |= {"roleExternalId": "external", "stsEndpoint": given["endpointUrl"]}
    stream = Stream(localstack)
    client = make_client(parse_options(given, default_position="latest"))
    assert client.describe_stream_summary(StreamName=stream.name)
    keys = client._request_signer._credentials  # type: ignore[attr-defined]
    assert keys.method == "assume-role"
    assert keys.token


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"initialPosition": "newest"}, "initialPosition"),
        ({"startingPosition": "latest"}, "startingposition"),
    ],
)
def test_wrong_option_names_itself(
    localstack: Settings, spark: SparkSession, options: dict[str, str], named: str
) -> None:
    frame = spark.read.format("kinesis").options(**source_options(localstack, "any", **options)).load()
    with pytest.raises(PySparkException, match=f"option {named}: "):
        frame.collect()


def test_stream_that_is_missing_is_an_error(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    reader = Reader(spark, tmp_path, source_options(localstack, "never-made"))
    with pytest.raises(StreamingQueryException, match="stream never-made does not exist"):
        reader.drain()


def test_available_now_ends_while_records_keep_coming(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(localstack, shards=2)
    stream.put(range(100))
    options = source_options(localstack, stream.name, initialPosition="trim_horizon", maxRecordsPerTrigger=30)
    reader = Reader(spark, tmp_path, options)
    later = iter(range(100, 1000))
    reader.drain(after=lambda _: stream.put([next(later) for _ in range(5)]))
    assert all(len(tries[-1]) <= 30 for tries in reader.sink.attempts().values())
    first = reader.sink.values()
    reader.sink.check_holds(range(100))
    reader.drain()
    reader.sink.check_holds(range(100 + 5 * _batches(first)))


def _batches(values: list[int]) -> int:
    """Batches of the first run: the empty one that pins the start, and one for each 30 records."""
    return 1 + -(-len(values) // 30)


def test_latest_is_pinned_before_the_first_record(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(localstack)
    stream.put([1])
    next_second()
    reader = Reader(spark, tmp_path, source_options(localstack, stream.name))

    def fail(batch: int) -> None:
        raise RuntimeError(f"batch {batch} fails")

    with pytest.raises(StreamingQueryException, match="batch 0 fails"):
        reader.drain(before=fail)
    stream.put([2])  # after the start, before anything is committed
    reader.drain()
    reader.sink.check_holds([2])


def test_running_query_follows_new_records_and_tells_its_lag(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream, other = Stream(localstack, shards=2), Stream(localstack)
    options = source_options(localstack, stream.name, other.name, initialPosition="earliest")
    reader = Reader(spark, tmp_path, options)

    def has_read(count: int) -> bool:
        return len(reader.sink.values()) == count

    query = reader.start()
    for value in range(5):
        stream.put([value])
        other.put([100 + value])
        wanted = 2 * (value + 1)
        wait_until(partial(has_read, wanted), timeout=READ_SECONDS, what="records")
    wait_until(lambda: query.lastProgress, timeout=READ_SECONDS, what="progress")
    query.stop()
    progress = query.lastProgress
    assert progress is not None
    assert "millisBehindLatest" in str(progress["sources"][0]["latestOffset"])
    assert sum(lag.records for lag in measure_lag(stream.client, reader.offset())) == 0
    stream.put([5, 6, 7])
    lags = [lag for lag in measure_lag(stream.client, reader.offset()) if lag.records]
    assert {lag.stream for lag in lags} == {stream.name}
    assert sum(lag.records for lag in lags) == 3
    reader.drain()
    reader.sink.check_holds([*range(8), *range(100, 105)])


def test_empty_pages_before_the_first_record(
    localstack: Settings, spark: SparkSession, tmp_path: Path
) -> None:
    stream = Stream(localstack, shards=4)
    with CountingKinesis(localstack) as kinesis:
        options = source_options(localstack, stream.name, initialPosition="earliest")
        reader = Reader(spark, tmp_path, options | {"endpointUrl": kinesis.url})
        reader.drain()
        assert reader.sink.values() == []
        query, before = reader.start(), kinesis.empty_pages
        # Each of the four shards is read again and again.
        wait_until(lambda: kinesis.empty_pages >= before + 20, timeout=READ_SECONDS, what="reads of nothing")
        stream.put([1, 2, 3])
        wait_until(lambda: len(reader.sink.values()) == 3, timeout=READ_SECONDS, what="three records")
        query.stop()
    reader.sink.check_holds([1, 2, 3])
