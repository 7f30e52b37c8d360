"""Create the served databases, their schemas and their roles.

The files of sql/postgres make the database pinterest and all roles, those of sql/postgres_streaming the database
pinterest_streaming, each in the order of their names; those of sql/each hold for both.

Every file can be applied again to the schema it made; this runs after every start of the servers.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from common.clients import postgres_connection
from common.settings import ROOT, Settings

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

SQL_FOLDER = ROOT / "sql"
# The folder of each database, in the order in which they are applied: roles come first.
DATABASES = {"pinterest": "postgres", "pinterest_streaming": "postgres_streaming"}
EACH = "each"

# Any number will do, as long as every caller takes the same one. Advisory locks are per database.
_LOCK = 20_171_019
# The files wait for a table this long at a time, then let go of all they hold and start again: shorter than the
# second after which Postgres looks for deadlocks, so that it never ends a job of the pipeline for our sake.
_ATTEMPT_MS = 500
# A full rebuild of a million posts keeps the batch tables to itself for up to half a minute; twice that means a hung
# session. Each caller ahead in the queue may take as long: leave room for one.
_PATIENCE_SECONDS = 60.0
_QUEUE_MS = 90_000


class SchemaError(RuntimeError):
    """A file of the schema could not be applied; the message names the file, the line and the cause."""


class SchemaLockedError(SchemaError):
    """Another session kept a table of the file to itself."""


def ensure_schema(settings: Settings, folder: Path = SQL_FOLDER) -> None:
    """Create what is missing, as superuser `postgres`, and set the roles' passwords to those of the settings.

    The files of a database are applied in one transaction: all of them or none. Callers at the same time queue up.

    Args:
        folder: holds a folder for each database, as DATABASES names them, and EACH.

    Raises:
        psycopg2.OperationalError: the server cannot be reached, or another caller takes too long.
        SchemaError: a file failed.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(SchemaLockedError),
        stop=stop_after_delay(_PATIENCE_SECONDS),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    with _turn(settings) as server:
        _create_databases(server)
        for database, files in DATABASES.items():
            retrying(_apply_all, settings, database, _sorted(folder / files) + _sorted(folder / EACH))
        _set_passwords(settings)


def _sorted(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.sql"))


def _apply_all(settings: Settings, database: str, files: Sequence[Path]) -> None:
    with closing(_connect(settings, database, _ATTEMPT_MS)) as connection, connection:
        for file in files:
            _apply(connection, file)


def _set_passwords(settings: Settings) -> None:
    passwords = {
        "analyst": settings.analyst_password,
        "batch_writer": settings.batch_writer_password,
        "speed_writer": settings.speed_writer_password,
        "emulator": settings.emulator_password,
    }
    with closing(_connect(settings, "postgres", _ATTEMPT_MS)) as connection, connection:
        for role, password in passwords.items():
            set_password(connection, role, password.get_secret_value())


@contextmanager
def _turn(settings: Settings) -> Iterator["PostgresConnection"]:
    """A connection to the database `postgres` that holds the lock of all callers."""
    with closing(_connect(settings, "postgres", _QUEUE_MS)) as connection:
        connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_LOCK])
        yield connection


def _connect(settings: Settings, database: str, lock_timeout_ms: int) -> "PostgresConnection":
    connection = postgres_connection(settings, database=database)
    with connection.cursor() as cursor:
        cursor.execute("SET client_min_messages = warning")  # not every "already exists, skipping"
        cursor.execute("SET lock_timeout = %s", [lock_timeout_ms])
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
    except psycopg2.errors.LockNotAvailable as error:
        raise SchemaLockedError(f"{file.name}: another session keeps one of its tables locked") from error
    except psycopg2.Error as error:
        raise SchemaError(f"{_place(file, text, error)}: {error.diag.message_primary or error}") from error


def _place(file: Path, text: str, error: psycopg2.Error) -> str:
    """`30_speed.sql line 4`, without the line where the server doesn't say it."""
    position = error.diag.statement_position
    if position is None:
        return file.name
    line = text.count("\n", 0, int(position) - 1) + 1
    return f"{file.name} line {line}"


def set_password(connection: "PostgresConnection", role: str, password: str) -> None:
    """Send the SCRAM verifier: the password itself never reaches the server, nor its log."""
    verifier = encrypt_password(password, role, connection, "scram-sha-256")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
        )
