"""The served databases of the baseline: made with rows of every table, or in the place of present ones."""

import io
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.clients import postgres_connection
from common.settings import Settings
from services.provision.databases import DATABASES

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

BASELINE = Path(__file__).parent

# A table's columns, by its name.
Columns = dict[str, list[str]]
# A table's rows, each as one text.
Contents = dict[str, list[Any]]

_COLUMNS = """
SELECT attrelid::regclass::text, array_agg(quote_ident(attname) ORDER BY attnum)
FROM pg_attribute JOIN pg_class AS c ON c.oid = attrelid
WHERE c.relkind = 'r' AND attnum > 0 AND NOT attisdropped
    AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$|migrations$)'
GROUP BY attrelid ORDER BY 1
"""
_PRESENT = "present_"


def rows(
    settings: Settings,
    statement: str,
    database: str = "pinterest",
    role: str = "postgres",
    values: list[str] | None = None,
) -> list[Any]:
    """Return the rows of a statement, in a transaction of its own."""
    with (
        closing(postgres_connection(settings, role, database)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, values)
        return cursor.fetchall() if cursor.description else []


def columns_of_all(settings: Settings, database: str) -> Columns:
    """Return the columns of each table, those of migrations apart."""
    return {table: list(names) for table, names in rows(settings, _COLUMNS, database)}


def contents(settings: Settings, database: str, columns: Mapping[str, list[str]]) -> Contents:
    """Return every row of the tables, as one text of these columns."""
    return {
        table: rows(settings, f"SELECT ROW({', '.join(names)})::text FROM {table} ORDER BY 1", database)  # noqa: S608
        for table, names in columns.items()
    }


@contextmanager
def _server(settings: Settings) -> Iterator[Any]:
    """A cursor outside of the databases, for statements that take no transaction."""
    with closing(postgres_connection(settings, database="postgres")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def drop_all(settings: Settings) -> None:
    """Drop the databases, whoever is connected."""
    with _server(settings) as cursor:
        for database in DATABASES:
            cursor.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")


def build(settings: Settings) -> None:
    """Make the databases as the version before migrations did, with rows in each table."""
    _build_empty(settings)
    for database in DATABASES:
        rows(settings, (BASELINE / f"{database}_rows.sql").read_text(), database)


def _build_empty(settings: Settings) -> None:
    with _server(settings) as cursor:
        for database in DATABASES:  # all of them first: the roles' grants name each
            cursor.execute(
                f"CREATE DATABASE {database} TEMPLATE template0 ENCODING 'UTF8'"
                " LOCALE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
            )
    for database in DATABASES:
        for folder in (database, "each"):
            for file in sorted((BASELINE / folder).glob("*.sql")):
                rows(settings, file.read_text(), database)


def put_back(settings: Settings) -> None:
    """Replace the present databases by those of the baseline, with the rows of the present ones.

    What writes into them has to be stopped before.
    """
    with _server(settings) as cursor:
        for database in DATABASES:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
            )
            cursor.execute(f"ALTER DATABASE {database} RENAME TO {_PRESENT}{database}")
    _build_empty(settings)
    for database in DATABASES:
        with (
            closing(postgres_connection(settings, database=f"{_PRESENT}{database}")) as present,
            closing(postgres_connection(settings, database=database)) as baseline,
        ):
            _copy_rows(present, baseline, columns_of_all(settings, database))
    with _server(settings) as cursor:
        for database in DATABASES:
            cursor.execute(f"DROP DATABASE {_PRESENT}{database} WITH (FORCE)")
    rows(settings, "SELECT setval('ops.batch_runs_run_id_seq', max(run_id)) FROM ops.batch_runs")


def _copy_rows(present: "PostgresConnection", baseline: "PostgresConnection", tables: Columns) -> None:
    with baseline, present.cursor() as source, baseline.cursor() as target:
        target.execute("SET LOCAL session_replication_role = replica")  # foreign keys in any order
        for table, names in tables.items():
            copied, columns = io.BytesIO(), ", ".join(names)
            source.copy_expert(f"COPY (SELECT {columns} FROM {table}) TO STDOUT", copied)  # noqa: S608
            copied.seek(0)
            target.copy_expert(f"COPY {table} ({columns}) FROM STDIN", copied)
