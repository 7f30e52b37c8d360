"""Test what the roles of the served database may do, and what they may not."""
# ruff: noqa: S608 - the names in the statements are this file's own

from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Any

import psycopg2
import pytest
from psycopg2.errors import InsufficientPrivilege, ReadOnlySqlTransaction

from common.clients import postgres_connection
from common.settings import Settings
from contracts import locks
from services.provision.databases import DATABASES, ROLES, ensure_schema
from spark_jobs.sinks.postgres import lock
from stack.airflow.init import ensure_database
from tests.integration import rights

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

READABLE = ("batch", "speed", "serving", "quarantine", "ops")
VIEWS = [f"serving.{view}" for view in ("pin", "geo", "users", "posts")]
BATCH = [f"batch.{table}" for table in ("pin", "geo", "users")]
SPEED = [f"speed.{table}" for table in ("pin", "geo", "users")]
# Those of docs/contracts.md, with Airflow's own.
ENTERED = (*DATABASES, "airflow")


@pytest.fixture(scope="module")
def served(postgres: Settings) -> Settings:
    ensure_schema(postgres)
    ensure_database(postgres)
    return postgres


@pytest.fixture
def analyst(served: Settings) -> Iterator["PostgresConnection"]:
    """Someone who has switched the read-only default off: the grants alone must hold."""
    with closing(postgres_connection(served, "analyst")) as connection:
        connection.set_session(readonly=False)
        yield connection


@pytest.fixture
def batch_writer(served: Settings) -> Iterator["PostgresConnection"]:
    """Yield its connection; all it does is rolled back."""
    with closing(postgres_connection(served, "batch_writer")) as connection:
        yield connection


@pytest.fixture
def speed_writer(served: Settings) -> Iterator["PostgresConnection"]:
    """Yield its connection; all it does is rolled back."""
    with closing(postgres_connection(served, "speed_writer")) as connection:
        yield connection


@pytest.fixture
def emulator(served: Settings) -> Iterator["PostgresConnection"]:
    """Yield its connection; all it does is rolled back."""
    with closing(postgres_connection(served, "emulator")) as connection:
        yield connection


def execute(connection: "PostgresConnection", statement: str) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


def granted(settings: Settings) -> set[rights.Right]:
    return {right for database in ENTERED for right in rights.granted_rights(settings, database)}


def documented(settings: Settings) -> set[rights.Right]:
    return rights.listed_rights({name: rights.present_tables(settings, name) for name in ENTERED})


def test_roles_may_do_what_is_documented_and_no_more(served: Settings) -> None:
    assert granted(served) == documented(served)


def test_roles_are_what_is_documented(served: Settings) -> None:
    assert rights.present_roles(served) == rights.listed_roles()


def test_roles_enter_the_databases_that_are_documented_and_no_others(served: Settings) -> None:
    enter = {
        (right.role, right.database)
        for right in documented(served)
        if right.kind == "database" and right.privilege in {"CONNECT", "OWNER"}
    }
    assert rights.entered(served) == enter


@pytest.mark.parametrize("database", DATABASES)
def test_functions_that_not_everybody_may_call_are_those_documented(served: Settings, database: str) -> None:
    postgres_own = rights.open_functions(served, "postgres")
    patterns = rights.closed_functions()[database]
    closed = {name for pattern in patterns for name in rights.matching(pattern, postgres_own)}
    assert postgres_own - rights.open_functions(served, database) == closed


def test_what_a_session_has_granted_is_taken_away(served: Settings) -> None:
    """As what an earlier version granted is, such as DELETE to both writers."""
    with closing(postgres_connection(served)) as owner, owner:
        execute(owner, "GRANT DELETE ON ALL TABLES IN SCHEMA batch, speed, ops TO analyst, batch_writer")
        execute(owner, "GRANT UPDATE (title) ON batch.pin TO speed_writer")
        execute(owner, "GRANT CREATE ON SCHEMA speed, migrations, public TO speed_writer, emulator")
        execute(owner, "GRANT TEMPORARY, CREATE ON DATABASE pinterest, pinterest_streaming TO analyst")
        execute(owner, "GRANT CONNECT ON DATABASE template1, postgres TO emulator")
        execute(owner, "ALTER DEFAULT PRIVILEGES IN SCHEMA speed GRANT DELETE ON TABLES TO speed_writer")
    assert granted(served) > documented(served)
    ensure_schema(served)
    assert granted(served) == documented(served)
    assert ("emulator", "template1") not in rights.entered(served)


@pytest.mark.parametrize("relation", [*BATCH, *SPEED, *VIEWS])
def test_analyst_reads(analyst: "PostgresConnection", relation: str) -> None:
    execute(analyst, f"SELECT * FROM {relation} LIMIT 1")


def test_analyst_reads_all_there_is(analyst: "PostgresConnection") -> None:
    unreadable = (
        "SELECT oid::regclass::text FROM pg_class WHERE relkind IN ('r', 'v')"
        f" AND relnamespace::regnamespace::text IN {READABLE} AND NOT has_table_privilege(oid, 'SELECT')"
    )
    assert execute(analyst, unreadable) == []


@pytest.mark.parametrize("schema", READABLE)
def test_analyst_reads_tables_still_to_come(
    served: Settings, analyst: "PostgresConnection", schema: str
) -> None:
    with closing(postgres_connection(served)) as owner, owner:
        execute(owner, f"CREATE TABLE {schema}.still_to_come AS SELECT 1 AS n")
    try:
        assert execute(analyst, f"SELECT n FROM {schema}.still_to_come") == [(1,)]
    finally:
        analyst.rollback()
        with closing(postgres_connection(served)) as owner, owner:
            execute(owner, f"DROP TABLE {schema}.still_to_come")


def test_analyst_is_told_so_by_default(served: Settings) -> None:
    with closing(postgres_connection(served, "analyst")) as connection, pytest.raises(ReadOnlySqlTransaction):
        execute(connection, "DELETE FROM batch.pin")


@pytest.mark.parametrize("relation", [*BATCH, *SPEED])
@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO {} (ind) VALUES (1)",
        "UPDATE {} SET ind = 1",
        "DELETE FROM {}",
        "TRUNCATE {}",
        "LOCK TABLE {}",
        "DROP TABLE {}",
        "CREATE INDEX ON {} (ind)",
    ],
)
def test_analyst_does_not_write(analyst: "PostgresConnection", relation: str, statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        execute(analyst, statement.format(relation))


@pytest.mark.parametrize("schema", [*READABLE, "public", "pg_temp"])
def test_analyst_creates_nothing(analyst: "PostgresConnection", schema: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        execute(analyst, f"CREATE TABLE {schema}.mine (n integer)")


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO serving.pin (ind) VALUES (1)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY (SELECT 1) TO '/tmp/mine'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SET ROLE batch_writer",
        "ALTER ROLE batch_writer PASSWORD 'mine'",
        f"SELECT pg_advisory_lock({locks.BATCH_JOB})",
        f"SELECT pg_try_advisory_lock({locks.BATCH_JOB})",
        f"SELECT pg_advisory_xact_lock_shared(0, {locks.BATCH_JOB})",
        "SELECT lo_create(0)",
        "SELECT lo_from_bytea(0, 'mine')",
        "SELECT pg_terminate_backend(pg_backend_pid())",
        "ALTER ROLE analyst CONNECTION LIMIT -1",
        "SET temp_file_limit = -1",
        "ALTER ROLE analyst SET temp_file_limit = -1",
    ],
)
def test_analyst_gets_no_further(analyst: "PostgresConnection", statement: str) -> None:
    with pytest.raises((InsufficientPrivilege, psycopg2.errors.ObjectNotInPrerequisiteState)):
        execute(analyst, statement)


@pytest.mark.parametrize("database", DATABASES)
def test_no_function_takes_a_lock_for_everybody(served: Settings, database: str) -> None:
    allowed = (
        "SELECT proname FROM pg_proc"
        " WHERE proname LIKE '%advisory%' AND has_function_privilege('public', oid, 'execute')"
    )
    with closing(postgres_connection(served, database=database)) as connection:
        assert execute(connection, allowed) == []


def test_what_analyst_sets_for_itself_has_no_effect_on_our_sessions(served: Settings) -> None:
    tampered = {
        "statement_timeout": "1",
        "search_path": "nowhere",
        "timezone": "Asia/Tokyo",
        "extra_float_digits": "-15",
        "local_preload_libraries": "nowhere",
        "default_transaction_read_only": "off",
    }
    with closing(postgres_connection(served, "analyst")) as connection:
        connection.set_session(readonly=False, autocommit=True)
        for name, value in tampered.items():
            execute(connection, f"ALTER ROLE analyst SET {name} = '{value}'")
    try:
        with closing(postgres_connection(served, "analyst")) as connection:
            execute(connection, "SELECT pg_sleep(0.01)")
            assert execute(connection, "SELECT (0.1 + 0.2::float8)::text") == [("0.30000000000000004",)]
            shown = [execute(connection, f"SHOW {name}") for name in ("timezone", "transaction_read_only")]
            assert shown == [[("UTC",)], [("on",)]]
    finally:
        ensure_schema(served)
    with closing(postgres_connection(served)) as connection:
        kept = execute(
            connection, "SELECT unnest(setconfig) FROM pg_db_role_setting WHERE setrole = 'analyst'::regrole"
        )
    assert {setting.partition("=")[0] for (setting,) in kept} == {
        "default_transaction_read_only",
        "idle_in_transaction_session_timeout",
        "statement_timeout",
        "temp_file_limit",
    }


@pytest.mark.parametrize("variable", ["PGTZ", "PGOPTIONS"])
def test_times_are_utc_whatever_the_shell_says(
    served: Settings, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, {"PGTZ": "Asia/Tokyo", "PGOPTIONS": "-c timezone=Asia/Tokyo"}[variable])
    with closing(postgres_connection(served, "analyst")) as connection:
        assert execute(connection, "SHOW timezone") == [("UTC",)]


@pytest.mark.parametrize(
    ("role", "database"),
    [
        *((role, "postgres") for role in ROLES),
        *((role, "template1") for role in (*ROLES, "airflow")),
        ("batch_writer", "pinterest_streaming"),
        ("emulator", "pinterest_streaming"),
        ("airflow", "pinterest"),
        ("analyst", "airflow"),
    ],
)
def test_other_databases_are_closed(served: Settings, role: str, database: str) -> None:
    with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
        postgres_connection(served, role, database)


@pytest.mark.parametrize("table", BATCH)
def test_batch_writer_writes_the_batch_tables(batch_writer: "PostgresConnection", table: str) -> None:
    execute(batch_writer, f"TRUNCATE {table}")
    execute(batch_writer, f"CREATE TEMPORARY TABLE staged (LIKE {table} INCLUDING ALL)")
    execute(batch_writer, "INSERT INTO staged (ind) VALUES (1), (2)")
    execute(batch_writer, f"INSERT INTO {table} SELECT * FROM staged ON CONFLICT (ind) DO NOTHING")
    execute(batch_writer, f"UPDATE {table} SET ind = 3 WHERE ind = 2")
    assert execute(batch_writer, f"SELECT ind FROM {table} ORDER BY ind") == [(1,), (3,)]


@pytest.mark.parametrize("table", BATCH)
def test_batch_writer_analyzes(batch_writer: "PostgresConnection", table: str) -> None:
    execute(batch_writer, f"ANALYZE {table}")
    assert batch_writer.notices == []  # without the privilege it is skipped, with a warning


def test_batch_writer_takes_its_lock(batch_writer: "PostgresConnection") -> None:
    assert lock(batch_writer)


@pytest.mark.parametrize(
    "statement",
    [
        *(f"SELECT * FROM {relation}" for relation in [*SPEED, *VIEWS]),
        *(f"INSERT INTO {table} (ind) VALUES (1)" for table in SPEED),
        *(f"DELETE FROM {table}" for table in SPEED),
        *(f"TRUNCATE {table}" for table in SPEED),
        *(f"DELETE FROM {table}" for table in BATCH),
        *(f"DROP TABLE {table}" for table in BATCH),
        *(f"ALTER TABLE {table} ADD COLUMN n integer" for table in BATCH),
        *(f"CREATE TABLE {schema}.mine (n integer)" for schema in (*READABLE, "public")),
        "CREATE SCHEMA mine",
        "SELECT * FROM pg_authid",
        "SELECT started_at FROM ops.batch_runs",
        "UPDATE ops.batch_runs SET error = NULL",
        "SELECT * FROM ops.batch_run_tables",
        "SELECT * FROM ops.batch_run_offsets",
        "DELETE FROM quarantine.replayed",
        "SELECT * FROM ops.emulator_runs",
    ],
)
def test_batch_writer_does_no_more(batch_writer: "PostgresConnection", statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        execute(batch_writer, statement)


@pytest.mark.parametrize(
    "statement",
    [
        *(f"DELETE FROM {table}" for table in (*SPEED, "speed.places", "quarantine.stream")),
        *(f"TRUNCATE {table}" for table in (*SPEED, "quarantine.stream")),
        *(f"DROP TABLE {table}" for table in SPEED),
        *(f"SELECT * FROM {relation}" for relation in [*BATCH, *VIEWS, "quarantine.batch", "ops.batch_runs"]),
        *(f"CREATE TABLE {schema}.mine (n integer)" for schema in (*READABLE, "public")),
        "DELETE FROM ops.stream_progress",
        f"SELECT pg_advisory_lock({locks.BATCH_JOB})",
    ],
)
def test_speed_writer_does_no_more(speed_writer: "PostgresConnection", statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        execute(speed_writer, statement)


@pytest.mark.parametrize(
    "statement",
    [
        *(f"SELECT * FROM {relation}" for relation in [*BATCH, *SPEED, *VIEWS, "ops.emulator_runs"]),
        "UPDATE ops.emulator_runs SET acknowledged = 0",
        "DELETE FROM ops.emulator_runs",
        "CREATE TEMPORARY TABLE mine (n integer)",
        "CREATE TABLE ops.mine (n integer)",
        f"SELECT pg_advisory_lock({locks.BATCH_JOB})",
    ],
)
def test_emulator_does_no_more(emulator: "PostgresConnection", statement: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        execute(emulator, statement)
