"""Make what the files of a process share as new for each of them: which files those are depends on their speed."""

from contextlib import closing

import pytest

from common.clients import postgres_connection
from common.settings import Settings
from services.provision.databases import DATABASES

# Nothing works on the tables between two files; a wait of this long is a session that an earlier file left open.
LOCK_MS = 10_000


@pytest.fixture(scope="module")
def postgres(postgres: Settings) -> Settings:
    """A Postgres server, empty: the schemas that an earlier file of this process made are gone, with their rows."""
    for database in DATABASES:
        if _has(postgres, database):
            _empty(postgres, database)
    return postgres


def _has(settings: Settings, database: str) -> bool:
    with (
        closing(postgres_connection(settings, database="postgres")) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,))
        return cursor.fetchone() is not None


def _empty(settings: Settings, database: str) -> None:
    with (
        closing(postgres_connection(settings, database=database)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL lock_timeout = %s", (LOCK_MS,))
        cursor.execute("""
            SELECT format('DROP SCHEMA %I CASCADE', nspname) FROM pg_namespace
            WHERE nspname !~ '^(pg_|information_schema$|public$)'
            UNION ALL SELECT format('DROP TABLE %I.%I', schemaname, tablename)
            FROM pg_tables WHERE schemaname = 'public'
        """)
        for (statement,) in cursor.fetchall():
            cursor.execute(statement)
