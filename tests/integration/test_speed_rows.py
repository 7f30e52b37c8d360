"""Test what a micro-batch does to `speed.*`, on real Postgres: the latest record of an ind stays, in any order."""

from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from psycopg2 import errors

from common.clients import postgres_connection
from common.settings import Settings
from services.provision.databases import ensure_schema
from spark_jobs.streaming.progress import Counts, ProgressTable
from spark_jobs.streaming.speed import SpeedRows
from tests.integration.times import served_times
from tests.times import MICROS

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("ind", pa.int32()),
        ("user_name", pa.string()),
        ("age", pa.int32()),
        ("date_joined", pa.timestamp("us", "UTC")),
        ("arrived_at", pa.timestamp("us", "UTC")),
        ("sequence_number", pa.string()),
        ("shard", pa.string()),
    ]
)


@pytest.fixture
def connection(postgres: Settings) -> Iterator["PostgresConnection"]:
    ensure_schema(postgres)
    with closing(postgres_connection(postgres)) as owner, owner, owner.cursor() as cursor:
        cursor.execute("TRUNCATE speed.users, speed.places")
    with closing(postgres_connection(postgres, "speed_writer")) as connection:
        yield connection


class Stream:
    """Micro-batches of users, each in a transaction."""

    def __init__(self, connection: "PostgresConnection") -> None:
        self.connection = connection
        self.rows = SpeedRows("user", "stream")
        with connection, connection.cursor() as cursor:
            self.rows.prepare(cursor)

    def take(self, *records: tuple[int, str, int, str], date_joined: pa.Array | None = None) -> int:
        """Records of (ind, name, seconds after noon, sequence number); how many are served.

        `date_joined` is in microseconds.
        """
        rows = [
            {"ind": ind, "user_name": name, "arrived_at": NOON + timedelta(seconds=seconds)}
            | {"sequence_number": number, "shard": "shardId-000000000000"}
            for ind, name, seconds, number in records
        ]
        taken = pa.Table.from_pylist(rows, SCHEMA)
        if date_joined is not None:
            place = SCHEMA.get_field_index("date_joined")
            taken = taken.set_column(place, "date_joined", date_joined.cast(SCHEMA.field(place).type))
        with self.connection, self.connection.cursor() as cursor:
            return self.rows.store(cursor, taken)

    def versions(self) -> dict[int, str]:
        """By ind, the transaction that wrote the served row's version."""
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("SELECT ind, xmin::text FROM speed.users")
            return dict(cursor.fetchall())

    def served(self) -> dict[int, str]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute("SELECT ind, user_name FROM speed.users")
            return dict(cursor.fetchall())


def test_the_latest_of_a_batch_and_of_several_stays(connection: "PostgresConnection") -> None:
    stream = Stream(connection)
    assert stream.take((1, "old", 0, "5"), (1, "new", 1, "6"), (2, "two", 0, "7")) == 2
    assert stream.served() == {1: "new", 2: "two"}
    assert stream.take((1, "late", 0, "9"), (2, "newer", 5, "8")) == 1, "what comes late does not undo"
    assert stream.served() == {1: "new", 2: "newer"}


@pytest.mark.parametrize(
    ("smaller", "larger"),
    [
        ("9", "10"),
        (
            "49590338271490256608559692538361571095921575989136588898",
            "49590338271490256608559692538361571095921575989136588899",
        ),
        ("9" * 55, "1" + "0" * 55),
    ],
)
def test_sequence_numbers_are_compared_as_numbers(
    connection: "PostgresConnection", smaller: str, larger: str
) -> None:
    stream = Stream(connection)
    assert stream.take((1, "larger", 0, larger), (1, "smaller", 0, smaller)) == 1
    assert stream.take((1, "smaller", 0, smaller)) == 0
    assert stream.served() == {1: "larger"}


def test_the_same_record_again_serves_what_it_says_now(connection: "PostgresConnection") -> None:
    stream = Stream(connection)
    stream.take((1, "before a rule was mended", 0, "1"))
    assert stream.take((1, "after", 0, "1")) == 1
    assert stream.served() == {1: "after"}


def test_the_same_record_that_says_the_same_leaves_no_dead_row(connection: "PostgresConnection") -> None:
    stream = Stream(connection)
    stream.take((1, "Ann", 0, "1"), (2, "Bob", 0, "2"))
    before = stream.versions()
    assert stream.take((1, "Ann", 0, "1"), (2, "Bill", 0, "3")) == 2
    after = stream.versions()
    assert after[1] == before[1]
    assert after[2] != before[2]


def test_times_of_all_years_are_served_as_they_are(
    connection: "PostgresConnection", postgres: Settings
) -> None:
    stream = Stream(connection)
    records = [(ind, "Ann", 0, "1") for ind in MICROS]
    assert stream.take(*records, date_joined=pa.array(list(MICROS.values()), pa.int64())) == len(records)
    for schema in ("speed", "serving"):
        assert served_times(postgres, schema, "user") == MICROS


def test_a_batch_that_fails_leaves_nothing(connection: "PostgresConnection") -> None:
    stream = Stream(connection)
    with pytest.raises(errors.InvalidTextRepresentation):
        stream.take((1, "good", 0, "1"), (2, "bad", 0, "not a number"))
    assert stream.served() == {}
    assert stream.take((1, "good", 0, "1")) == 1


def test_counts_are_kept_for_each_checkpoint(connection: "PostgresConnection") -> None:
    progress = ProgressTable("ops", "test")
    first, second = "11111111-1111-1111-1111-111111111111", "22222222-2222-2222-2222-222222222222"
    with connection, connection.cursor() as cursor:
        assert progress.last_batch(cursor, first) is None
        progress.add(cursor, first, 0, Counts(read=5, cleaned=3, quarantined=1, warnings=2))
        progress.add(cursor, first, 1, Counts(read=1, cleaned=1, quarantined=0, warnings=0))
        assert progress.last_batch(cursor, first) == 1
        assert progress.last_batch(cursor, second) is None
        cursor.execute(
            "SELECT read, cleaned, duplicate, quarantined, warnings FROM ops.stream_progress WHERE query = 'test'"
        )
        counts: list[tuple[Any, ...]] = cursor.fetchall()
        connection.rollback()
    assert counts == [(6, 4, 1, 1, 2)]
