"""A drill cuts the writers off from a real Postgres, and reads from it what was acknowledged and what is served."""

from collections.abc import Iterator
from contextlib import closing

import psycopg2
import pytest

from bench.drill.accounts import accounts
from bench.drill.strike import WRITERS, limit_roles
from common.clients import postgres_connection
from common.settings import Settings
from contracts.tables import DECLARATIONS, TABLES
from emulator.formats import ROUTES, destination
from services.provision.databases import ensure_schema


@pytest.fixture(scope="module")
def served(postgres: Settings) -> Settings:
    ensure_schema(postgres)
    return postgres


@pytest.fixture
def cut(served: Settings) -> Iterator[Settings]:
    """A server that the writers are cut off from until the test's end at the latest."""
    yield served
    limit_roles(served, -1)


def _ask(settings: Settings, role: str) -> int:
    with closing(postgres_connection(settings, role)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return len(cursor.fetchall())


@pytest.mark.parametrize("role", WRITERS.values())
def test_a_writer_is_cut_off_and_let_in_again(cut: Settings, role: str) -> None:
    with closing(postgres_connection(cut, role)) as connection, connection.cursor() as cursor:
        limit_roles(cut, 0)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("SELECT 1")
    with pytest.raises(psycopg2.OperationalError, match="too many connections for role"):
        _ask(cut, role)
    assert _ask(cut, "analyst") == 1
    limit_roles(cut, -1)
    assert _ask(cut, role) == 1


def test_the_accounts_are_those_of_the_ledger_and_the_served_tables(served: Settings) -> None:
    with closing(postgres_connection(served)) as connection, connection, connection.cursor() as cursor:
        for route, read in zip(ROUTES, (4, 3), strict=True):
            for table in TABLES:
                cursor.execute(
                    "INSERT INTO ops.emulator_runs"
                    " (emulator_run_id, destination, route, read, acknowledged, failed, seconds)"
                    " VALUES (gen_random_uuid(), %s, %s, %s, %s, 0, 1)",
                    [destination(served, route, table).name, route, read, read],
                )
        for schema, table, ind in (
            *(("batch", table, ind) for table in TABLES for ind in (10, 20, 30, 40)),
            *(("speed", table, ind) for table in TABLES for ind in (10, 30)),
        ):
            name = DECLARATIONS[table].served
            cursor.execute(f"INSERT INTO {schema}.{name} (ind) VALUES (%s)", [ind])  # noqa: S608 - our own names
    found = accounts(served, lambda _: [10, 20, 30, 40, 50])
    assert [(each.route, each.table, each.acknowledged, each.lost) for each in found] == [
        *(("batch", table, 4, 0) for table in TABLES),
        *(("stream", table, 3, 1) for table in TABLES),
    ]
