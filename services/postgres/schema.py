"""Create the served databases, their schema and their roles: sql/postgres/*.sql, in the order of their names.

Every file can be applied again to the schema it made; this runs after every start of the servers.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password

from services.common.clients import postgres_connection
from services.common.settings import ROOT, Settings

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

SQL_FOLDER = ROOT / "sql" / "postgres"
DATABASES = ("pinterest", "pinterest_streaming")

# Any number will do, as long as every caller takes the same one. Advisory locks are per database.
_LOCK = 20_171_019
# The files take under a second, and another caller may be ahead in the queue. A full rebuild of a million posts
# keeps the batch tables to itself for up to half a minute; twice that means a hung session.
_LOCK_TIMEOUT = "60s"
# Whoever first notices a deadlock gives way; a job's sessions look after 1 s, so that it is never the job.
_DEADLOCK_TIMEOUT = "100ms"


class SchemaError(RuntimeError):
    """A file of the schema could not be applied; the message names the file, the line and the cause."""


def ensure_schema(settings: Settings, folder: Path = SQL_FOLDER) -> None:
    """Create what is missing, as superuser `postgres`, and set the roles' passwords to those of the settings.

    The files are applied in one transaction: all of them or none. Callers at the same time queue up.

    Raises:
        psycopg2.OperationalError: the server cannot be reached, or another caller takes too long.
        SchemaError: a file failed, be it that another session holds one of its tables for too long.
    """
    with _turn(settings) as server:
        _create_databases(server)
        with closing(_connect(settings, "pinterest")) as connection, connection:
            for file in sorted(folder.glob("*.sql")):
                _apply(connection, file)
            _set_password(connection, "analyst", settings.analyst_password.get_secret_value())
            _set_password(connection, "batch_writer", settings.batch_writer_password.get_secret_value())


@contextmanager
def _turn(settings: Settings) -> Iterator["PostgresConnection"]:
    """A connection to the database `postgres` that holds the lock of all callers."""
    with closing(_connect(settings, "postgres")) as connection:
        connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        yield connection


def _connect(settings: Settings, database: str) -> "PostgresConnection":
    connection = postgres_connection(settings, database=database)
    with connection.cursor() as cursor:
        cursor.execute("SET client_min_messages = warning")  # not every "already exists, skipping"
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [_LOCK_TIMEOUT])
        cursor.execute("SELECT set_config('deadlock_timeout', %s, false)", [_DEADLOCK_TIMEOUT])
    connection.commit()
    return connection


def _create_databases(server: "PostgresConnection") -> None:
    """Text sorts by code point, whatever the machine's locale: the same order of answers everywhere."""
    with server.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        present = {name for (name,) in cursor}
        for database in DATABASES:
            if database not in present:
                cursor.execute(
                    sql.SQL(
                        "CREATE DATABASE {} TEMPLATE template0 ENCODING 'UTF8'"
                        " LOCALE 'C' LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8'"
                    ).format(sql.Identifier(database))
                )


def _apply(connection: "PostgresConnection", file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    try:
        with connection.cursor() as cursor:
            cursor.execute(text)
    except psycopg2.Error as error:
        raise SchemaError(f"{_place(file, text, error)}: {error.diag.message_primary or error}") from error


def _place(file: Path, text: str, error: psycopg2.Error) -> str:
    """`30_speed.sql line 4`, without the line where the server doesn't say it."""
    position = error.diag.statement_position
    if position is None:
        return file.name
    line = text.count("\n", 0, int(position) - 1) + 1
    return f"{file.name} line {line}"


def _set_password(connection: "PostgresConnection", role: str, password: str) -> None:
    """Send the SCRAM verifier: the password itself never reaches the server, nor its log."""
    verifier = encrypt_password(password, role, connection, "scram-sha-256")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
        )
