"""The served schema: made once, again, and by several at once, on a server of its own."""

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from pydantic import SecretStr

from common.clients import postgres_connection
from common.settings import Settings
from common.wait import wait_until
from services.provision import databases as schema
from services.provision.databases import DATABASES, SQL_FOLDER, ensure_schema
from services.provision.statements import SchemaError, SchemaLockedError
from stack.local.isolated import make_settings
from stack.os_user import remove_server_home
from tests.processes import launch_server

CONTRACT = {
    "pin": [
        ("ind", "integer"),
        ("unique_id", "text"),
        ("title", "text"),
        ("description", "text"),
        ("follower_count", "bigint"),
        ("poster_name", "text"),
        ("tag_list", "text"),
        ("is_image_or_video", "text"),
        ("image_src", "text"),
        ("save_location", "text"),
        ("category", "text"),
    ],
    "geo": [
        ("ind", "integer"),
        ("country", "text"),
        ("coordinates", "double precision[]"),
        ("timestamp", "timestamp with time zone"),
    ],
    "users": [
        ("ind", "integer"),
        ("user_name", "text"),
        ("age", "integer"),
        ("date_joined", "timestamp with time zone"),
    ],
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A Postgres of this file's own: these tests drop databases and change passwords."""
    settings = make_settings(tmp_path_factory.mktemp("schema"))
    with ExitStack() as stack:
        launch_server(stack, settings, "postgres")
        yield settings
    remove_server_home(settings)


@pytest.fixture
def served(server: Settings) -> Settings:
    ensure_schema(server)
    return server


def rows(settings: Settings, statement: str, *values: object, role: str = "postgres") -> list[Any]:
    with (
        closing(postgres_connection(settings, role)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else []


def drop_all(settings: Settings) -> None:
    with closing(postgres_connection(settings, database="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            for database in DATABASES:
                cursor.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
            cursor.execute("DROP ROLE IF EXISTS analyst, batch_writer")


def test_several_at_once_make_it(server: Settings) -> None:
    drop_all(server)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure_schema, [server] * 4))
    assert rows(server, "SELECT count(*) FROM serving.posts", role="analyst") == [(0,)]


def test_again_leaves_the_rows_alone(served: Settings) -> None:
    rows(served, "INSERT INTO speed.users VALUES (1, 'O''Brien', 20, now()) ON CONFLICT DO NOTHING")
    ensure_schema(served)
    assert rows(served, "SELECT user_name FROM serving.users", role="analyst") == [("O'Brien",)]


@pytest.mark.parametrize("table", CONTRACT)
@pytest.mark.parametrize("layer", ["batch", "speed", "serving"])
def test_the_columns_are_those_of_the_contract(served: Settings, layer: str, table: str) -> None:
    found = rows(
        served,
        "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute"
        " WHERE attrelid = %s::regclass AND attnum > 0 ORDER BY attnum",
        f"{layer}.{table}",
    )
    assert found == CONTRACT[table]


@pytest.mark.parametrize("table", CONTRACT)
@pytest.mark.parametrize("layer", ["batch", "speed"])
def test_ind_is_the_key(served: Settings, layer: str, table: str) -> None:
    found = rows(
        served,
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'p'",
        f"{layer}.{table}",
    )
    assert found == [("PRIMARY KEY (ind)",)]


def test_every_table_and_column_is_explained(served: Settings) -> None:
    unexplained = rows(
        served,
        "SELECT c.oid::regclass::text FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace"
        " WHERE n.nspname IN ('batch', 'speed', 'serving') AND c.relkind IN ('r', 'v')"
        " AND obj_description(c.oid, 'pg_class') IS NULL"
        " UNION ALL SELECT c.oid::regclass || '.' || a.attname FROM pg_class AS c"
        " JOIN pg_namespace AS n ON n.oid = c.relnamespace JOIN pg_attribute AS a ON a.attrelid = c.oid"
        " WHERE n.nspname IN ('batch', 'speed') AND c.relkind = 'r' AND a.attnum > 0"
        " AND col_description(c.oid, a.attnum) IS NULL",
    )
    assert unexplained == []


def test_text_sorts_by_code_point_and_times_show_in_utc(served: Settings) -> None:
    assert rows(served, "SELECT n FROM unnest(ARRAY['Å', 'b', 'Z', 'a']) AS n ORDER BY n") == [
        ("Z",),
        ("a",),
        ("b",),
        ("Å",),
    ]
    assert rows(served, "SHOW timezone", role="analyst") == [("UTC",)]
    assert rows(served, "SHOW server_encoding") == [("UTF8",)]


@pytest.mark.parametrize("password", ["second", "qu'ote\"s \\ and %s", "pässwörd 日本"])
def test_passwords_follow_the_settings(served: Settings, password: str) -> None:
    roles = ("analyst", "batch_writer", "speed_writer")
    changed = served.replace(
        **{f"{role.upper()}_PASSWORD": SecretStr(password + "!" * place) for place, role in enumerate(roles)}
    )
    ensure_schema(changed)
    for role in roles:
        assert rows(changed, "SELECT current_user", role=role) == [(role,)]
        with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
            postgres_connection(served, role)


def test_a_failing_file_is_named_and_nothing_is_applied(served: Settings, tmp_path: Path) -> None:
    folder = shutil.copytree(SQL_FOLDER, tmp_path / "sql")
    (folder / "repeated" / "ledger.sql").write_text("CREATE TABLE ops.half_made (n integer);")
    (folder / "repeated" / "pinterest.sql").write_text(
        "-- Ünïcode\nSELECT 1;\nCREATE TABLE ops.bad (n nonsense);\n"
    )
    with pytest.raises(SchemaError, match=r'pinterest\.sql line 3: type "nonsense" does not exist'):
        ensure_schema(served, folder)
    assert rows(served, "SELECT to_regclass('ops.half_made')") == [(None,)]


def test_a_failure_without_a_position_names_the_file(served: Settings, tmp_path: Path) -> None:
    folder = shutil.copytree(SQL_FOLDER, tmp_path / "sql")
    (folder / "repeated" / "roles.sql").write_text("SELECT 1 / 0;")
    with pytest.raises(SchemaError, match=r"roles\.sql: division by zero"):
        ensure_schema(served, folder)


def test_a_table_that_stays_locked_is_reported(served: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "LOCKED_TIMEOUT_SECONDS", 1.0)
    with closing(postgres_connection(served)) as other, other.cursor() as cursor:
        cursor.execute("LOCK TABLE batch.pin")
        with pytest.raises(SchemaLockedError, match=r"serving\.pin: another session keeps one of its tables"):
            ensure_schema(served)


def test_a_job_never_ends_in_a_deadlock(served: Settings) -> None:
    """The job holds geo and asks for pin, while the files hold pin and ask for geo: they let go."""
    with (
        closing(postgres_connection(served)) as job,
        job.cursor() as cursor,
        ThreadPoolExecutor(1) as pool,
    ):
        cursor.execute("LOCK TABLE batch.geo")
        ensuring = pool.submit(ensure_schema, served)
        waiting = "SELECT 1 FROM pg_locks WHERE relation = 'batch.geo'::regclass AND NOT granted"
        wait_until(lambda: rows(served, waiting), timeout=60, what="the files to wait for geo", interval=0.01)
        cursor.execute("LOCK TABLE batch.pin")
        job.commit()
        ensuring.result(timeout=60)
