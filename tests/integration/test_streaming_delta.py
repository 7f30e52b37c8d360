"""The speed path's Delta tables, on real S3 and Spark: merged by place, joined and swept by the writer itself."""

import json
import secrets
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from deltalake import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from common.clients import delta_options, postgres_connection, s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.checkpoints import KEPT_MICRO_BATCHES, STREAMING
from contracts.delta_tables import KEPT_HOURS, QUARANTINE, SPEED
from contracts.tables import TABLES, Table
from services.provision.databases import ensure_schema
from spark_jobs.session.spark import spark_session
from spark_jobs.sinks.delta import location
from spark_jobs.streaming import delta
from spark_jobs.streaming.delta import DeltaSink
from spark_jobs.streaming.speed import validate
from tests import records
from tests.buckets import empty_bucket
from tests.integration.streaming_lab import TIMEOUT_SECONDS
from tests.integration.times import stored_times
from tests.times import MICROS, TIMES

NOON = datetime(2026, 1, 1, 12)
RECORDS = (
    "stream string, shard string, sequence_number string, partition_key string"
    ", arrived_at timestamp, value string"
)
QUERY = "11111111-1111-1111-1111-111111111111"


@pytest.fixture(scope="module")
def spark(localstack: Settings, postgres: Settings) -> Iterator[SparkSession]:
    ensure_schema(postgres)
    small = localstack.replace(SPARK_MASTER="local[2]")
    session = spark_session(small, "streaming", brief=True, streaming=True)
    session.conf.set("spark.sql.shuffle.partitions", "2")
    yield session
    session.stop()


class Tables:
    """A bucket of its own, its sink, and the records of pin that it is given."""

    def __init__(self, settings: Settings, spark: SparkSession) -> None:
        self.settings = settings.replace(USER_ID=secrets.token_hex(6))
        self.spark = spark
        s3_client(self.settings).create_bucket(Bucket=self.settings.bucket)
        self.sink = DeltaSink(self.settings)

    def batch(self, *records: tuple[int, str], table: Table = "pin") -> DataFrame:
        """Records of (seconds after noon, value); the number of each is its second."""
        rows = [
            (
                self.settings.stream(table),
                "shard",
                f"{second}",
                "key",
                NOON + timedelta(seconds=second),
                value,
            )
            for second, value in records
        ]
        streams = {table: self.settings.stream(table) for table in TABLES}
        return validate(self.spark.createDataFrame(rows, RECORDS), streams)

    def path(self, name: str) -> str:
        return location(self.settings, name, SPEED)

    def titles(self) -> dict[int, str]:
        rows = self.spark.read.format("delta").load(self.path("pin")).select("ind", "title").collect()
        assert len(rows) == len({row.ind for row in rows})
        return {row.ind: row.title for row in rows}

    def rejected(self) -> list[tuple[Any, ...]]:
        rows = self.spark.read.format("delta").load(self.path(QUARANTINE))
        return [tuple(row) for row in rows.select("shard", "sequence_number", "raw").orderBy("raw").collect()]

    def stored_files(self) -> int:
        """Return how many Parquet files of pin there are, whatever version they are of."""
        prefix = "delta_tables/streaming/pin/"
        objects = s3_client(self.settings).list_objects_v2(Bucket=self.settings.bucket, Prefix=prefix)[
            "Contents"
        ]
        return sum(each["Key"].endswith(".parquet") and "_delta_log" not in each["Key"] for each in objects)


@pytest.fixture
def tables(settings: Settings, spark: SparkSession) -> Tables:
    return Tables(settings, spark)


def pin(ind: int, title: str) -> str:
    return json.dumps(records.pin(ind, title=title))


def test_rows_are_merged_by_their_place(tables: Tables) -> None:
    assert not tables.sink.remembers(QUERY)
    first = tables.batch((1, pin(1, "old")), (10, pin(1, "new")), (3, pin(2, "two")), (4, "{broken"))
    tables.sink.write(first, 0, QUERY)
    assert tables.sink.remembers(QUERY)
    assert tables.titles() == {1: "new", 2: "two"}
    tables.sink.write(tables.batch((9, pin(1, "late")), (11, pin(2, "newer")), (12, "[]")), 1, QUERY)
    assert tables.titles() == {1: "new", 2: "newer"}, "9 comes before 10, though not as text"
    tables.sink.write(first, 0, QUERY)
    assert tables.titles() == {1: "new", 2: "newer"}
    assert tables.rejected() == [("shard", "12", "[]"), ("shard", "4", "{broken")]


def test_times_of_all_years_are_the_same_for_every_reader(tables: Tables, tmp_path: Path) -> None:
    """In a table that is made, after a merge, and in files that were joined."""
    times = [(ind, json.dumps(records.geo(ind, timestamp=text))) for ind, text in enumerate(TIMES)]
    half = len(times) // 2
    for number, part in enumerate((times[:half], times[half:], times[-1:])):
        tables.sink.write(tables.batch(*part, table="geo"), number, QUERY)
    expected = dict.fromkeys(("Spark", "delta-rs", "DuckDB"), MICROS)
    path = tables.path("geo")
    assert stored_times(tables.settings, tables.spark, path, "timestamp", tmp_path / "merged") == expected
    DeltaTable(path, storage_options=delta_options(tables.settings)).optimize.compact()
    assert stored_times(tables.settings, tables.spark, path, "timestamp", tmp_path / "joined") == expected


def test_small_files_are_joined_and_old_ones_removed(tables: Tables, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2):
        tables.sink.write(tables.batch((number, pin(number, f"{number}"))), number, QUERY)
    assert tables.stored_files() >= 2
    monkeypatch.setattr(delta, "OPTIMIZE_SECONDS", 0)
    monkeypatch.setattr(delta, "VACUUM_SECONDS", 0)
    monkeypatch.setitem(KEPT_HOURS, SPEED, 0)
    due = DeltaSink(tables.settings)
    due.write(tables.batch((2, pin(2, "2"))), 2, QUERY)
    assert tables.stored_files() == 1
    assert tables.titles() == {number: f"{number}" for number in range(3)}


def test_a_checkpoint_keeps_the_files_of_its_last_micro_batches(tables: Tables) -> None:
    prefix = f"{STREAMING}of-the-test/"
    numbers = tables.spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 1).load()
    query = (
        numbers.writeStream.foreachBatch(lambda _rows, _number: None)
        .option("checkpointLocation", f"s3a://{tables.settings.bucket}/{prefix}")
        .start()
    )

    def kept(what: str) -> list[int]:
        found = s3_client(tables.settings).list_objects_v2(
            Bucket=tables.settings.bucket, Prefix=f"{prefix}{what}/"
        )
        names = [each["Key"].rpartition("/")[2] for each in found.get("Contents", [])]
        return sorted(int(name) for name in names if name.isdecimal())

    def old_ones_are_gone() -> bool:
        return all(
            (numbers := kept(what)) and numbers[0] > KEPT_MICRO_BATCHES for what in ("offsets", "commits")
        )

    try:
        # Some 25 micro-batches of 0.2 s on two idle cores.
        wait_until(old_ones_are_gone, timeout=TIMEOUT_SECONDS, what="old micro-batches to be forgotten")
    finally:
        query.stop()
    assert len(kept("commits")) <= KEPT_MICRO_BATCHES + 2


def test_a_table_that_is_gone_is_not_remembered(tables: Tables) -> None:
    tables.sink.write(tables.batch((1, pin(1, "one"))), 0, QUERY)
    assert tables.sink.remembers(QUERY)
    empty_bucket(tables.settings, "delta_tables/streaming/geo/")
    assert not tables.sink.remembers(QUERY)


SERVED = """
INSERT INTO speed.pin (ind, title) VALUES (1, 'one'), (2, 'two');
INSERT INTO speed.geo (ind, coordinates, timestamp)
VALUES (1, '{-1.5, 1e-05}', '0001-01-01 00:00:00+00'), (2, NULL, '9999-12-31 23:59:59.999999+00');
INSERT INTO speed.users (ind) VALUES (1), (2);
INSERT INTO speed.places (table_name, ind, arrived_at, sequence_number, shard)
SELECT table_name, ind, '2026-01-01 12:00:10+00', 10, 'shard'
FROM unnest(ARRAY['pin', 'geo', 'user']) AS table_name, unnest(ARRAY[1, 2]) AS ind;
INSERT INTO quarantine.stream (stream, shard, sequence_number, partition_key, arrived_at, reasons, raw)
VALUES ('s', 'shard', 7, 'k', '2026-01-01 12:00:07+00', '{not_json}', '{broken');
"""


@pytest.fixture
def served(settings: Settings) -> Iterator[None]:
    """Have Postgres serve what an earlier bucket's query has had."""
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(SERVED)
        connection.commit()
        yield
        cursor.execute("TRUNCATE speed.pin, speed.geo, speed.users, speed.places, quarantine.stream")


@pytest.mark.usefixtures("served")
def test_lost_tables_are_made_again_of_what_postgres_serves(tables: Tables) -> None:
    """Also where the streams are gone, so that no record comes: LocalStack may keep them in memory."""
    assert not tables.sink.remembers(QUERY)
    tables.sink.make_ready()
    assert tables.sink.remembers(QUERY)
    assert tables.titles() == {1: "one", 2: "two"}
    geo = tables.spark.read.format("delta").load(tables.path("geo")).orderBy("ind")
    assert [
        (row.coordinates, row.at, row.shard)
        for row in geo.selectExpr("coordinates", "CAST(timestamp AS string) AS at", "shard").collect()
    ] == [([-1.5, 1e-05], "0001-01-01 00:00:00", "shard"), (None, "9999-12-31 23:59:59.999999", "shard")]
    assert tables.rejected() == [("shard", "7", "{broken")]
    tables.sink.make_ready()
    assert tables.titles() == {1: "one", 2: "two"}


@pytest.mark.usefixtures("served")
def test_records_find_their_order_among_rows_that_were_made_again(tables: Tables) -> None:
    tables.sink.write(
        tables.batch((9, pin(1, "earlier")), (11, pin(2, "later")), (12, pin(3, "new"))), 0, QUERY
    )
    assert tables.titles() == {1: "one", 2: "later", 3: "new"}
