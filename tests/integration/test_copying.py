"""Rows into Postgres by COPY, on a real server: what an upsert changes, and what it leaves alone."""

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from common.clients import postgres_connection
from common.settings import Settings
from services.provision.databases import ensure_schema
from spark_jobs.sinks import postgres as batch
from spark_jobs.sinks.copying import to_csv

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

SCHEMA = pa.schema(
    [("ind", pa.int32()), ("user_name", pa.string()), ("age", pa.int32()), ("date_joined", pa.string())]
)
FIRST = [
    {"ind": 1, "user_name": "Ann", "age": 30, "date_joined": "2016-01-02 03:04:05+00"},
    {"ind": 2, "user_name": "Bob", "age": None, "date_joined": None},
]


@pytest.fixture
def connection(postgres: Settings) -> Iterator["PostgresConnection"]:
    ensure_schema(postgres)
    with closing(postgres_connection(postgres, "batch_writer")) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("TRUNCATE batch.users")
        yield connection


def put(connection: "PostgresConnection", rows: list[dict[str, Any]], *, replace: bool = False) -> int:
    target = batch.SERVED["user"]
    table = pa.Table.from_pylist(rows, SCHEMA).select(target.columns)
    with connection:
        return batch.put(connection, target, to_csv(table.to_batches()), replace=replace)


def served(connection: "PostgresConnection") -> dict[int, tuple[str, int | None]]:
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT ind, user_name, age FROM batch.users")
        return {ind: (name, age) for ind, name, age in cursor}


def versions(connection: "PostgresConnection") -> dict[int, tuple[str, str]]:
    """By ind, the transaction that wrote the row's version, and where it lies: any update changes both."""
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT ind, xmin::text, ctid::text FROM batch.users")
        return {ind: (xmin, ctid) for ind, xmin, ctid in cursor}


def test_a_repeat_leaves_no_dead_rows(connection: "PostgresConnection") -> None:
    """Also of rows with nulls, which are equal to nothing by `=`."""
    assert put(connection, FIRST) == 2
    before = versions(connection)
    assert put(connection, FIRST) == 2
    assert versions(connection) == before


@pytest.mark.parametrize(
    "change", [{"user_name": "Bill"}, {"age": 31}, {"date_joined": "2016-01-02 03:04:05.000001+00"}]
)
def test_a_row_with_any_other_value_is_updated_and_no_other_one(
    connection: "PostgresConnection", change: dict[str, Any]
) -> None:
    put(connection, FIRST)
    before = versions(connection)
    changed = {**FIRST[1], **change}
    put(connection, [FIRST[0], changed, {**FIRST[0], "ind": 3}])
    after = versions(connection)
    assert after[1] == before[1]
    assert after[2] != before[2]
    assert served(connection) == {1: ("Ann", 30), 2: (changed["user_name"], changed["age"]), 3: ("Ann", 30)}


def test_a_value_that_became_null_is_updated(connection: "PostgresConnection") -> None:
    put(connection, FIRST)
    put(connection, [{**FIRST[0], "age": None}])
    assert served(connection) == {1: ("Ann", None), 2: ("Bob", None)}


def test_rows_that_replace_are_all_there_is(connection: "PostgresConnection") -> None:
    put(connection, FIRST)
    assert put(connection, [{**FIRST[0], "ind": 3}], replace=True) == 1
    assert served(connection) == {3: ("Ann", 30)}
