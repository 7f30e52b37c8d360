"""Create the served databases, their roles, tables and views, and bring older ones up to date.

In each database, in one transaction: the migrations that it lacks (sql/migrations), what the declaration of the cleaned
tables asks for (contracts/tables.py), and what is repeated at each start, since a session could have changed it: roles,
grants and revokes (sql/repeated).
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.extensions import encrypt_password
from sqlalchemy import Connection, NullPool, create_engine
from sqlalchemy.exc import DBAPIError
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_fixed

from common.clients import postgres_connection
from common.settings import ROOT, Settings
from contracts import locks
from contracts.tables import DECLARATIONS, Declaration
from services.provision.cleaned_tables import ensure_cleaned_tables
from services.provision.migrations import driver_connection, migrate
from services.provision.statements import SchemaLockedError, apply_file

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

SQL_FOLDER = ROOT / "sql"
# Of each database the files of sql/repeated that come before its migrations, and after them. Roles are the server's.
_REPEATED = {
    "pinterest": (("roles.sql", "ledger.sql"), ("pinterest.sql", "functions.sql")),
    "pinterest_streaming": (("ledger.sql",), ("pinterest_streaming.sql", "functions.sql")),
}
DATABASES = tuple(_REPEATED)
ROLES = ("analyst", "batch_writer", "speed_writer", "emulator")  # those of roles.sql

# The files wait for a table this long at a time, then let go of all they hold and start again: shorter than the
# second after which Postgres looks for deadlocks, so that it never ends a job of the pipeline for our sake.
_ATTEMPT_MS = 500
# A full rebuild of a million posts keeps the batch tables to itself for up to half a minute; twice that means a hung
# session. Each caller ahead in the queue may take as long: leave room for one.
LOCKED_TIMEOUT_SECONDS = 60.0
_QUEUE_MS = 90_000


def ensure_schema(
    settings: Settings,
    folder: Path = SQL_FOLDER,
    declarations: Iterable[Declaration] = tuple(DECLARATIONS.values()),
) -> None:
    """Create and upgrade what is needed, as superuser `postgres`, and set the roles' passwords to the settings'.

    A database is changed in one transaction: wholly or not at all. Callers at the same time queue up.

    Args:
        folder: holds the migrations and the repeated files.
        declarations: the cleaned tables.

    Raises:
        psycopg2.OperationalError: the server cannot be reached, or another caller takes too long.
        SchemaError: a statement failed, or a newer version made a database.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(SchemaLockedError),
        stop=stop_after_delay(LOCKED_TIMEOUT_SECONDS),
        wait=wait_fixed(0.2),
        reraise=True,
    )
    declared = tuple(declarations)
    with _turn(settings) as server:
        _create_databases(server)
        retrying(_bring_up, settings, "pinterest", folder, declared)
        retrying(_bring_up, settings, "pinterest_streaming", folder)
        _set_passwords(settings)


def _bring_up(
    settings: Settings, database: str, folder: Path, declarations: Sequence[Declaration] = ()
) -> None:
    """Make a database what it should be, in one transaction; cleaned tables where some are declared."""
    before, after = _REPEATED[database]
    with _transaction(settings, database) as connection:
        driver, repeated = driver_connection(connection), folder / "repeated"
        for name in before:
            apply_file(driver, repeated / name)
        migrate(connection, database, folder / "migrations")
        if declarations:
            ensure_cleaned_tables(driver, declarations)
        for name in after:
            apply_file(driver, repeated / name)


@contextmanager
def _transaction(settings: Settings, database: str) -> Iterator[Connection]:
    """A connection of SQLAlchemy's, since Alembic wants one; committed at the end, unless there was an error."""
    engine = create_engine(
        "postgresql+psycopg2://",
        creator=lambda: _connect(settings, database, _ATTEMPT_MS),
        poolclass=NullPool,
    )
    try:
        with engine.begin() as connection:
            yield connection
    except DBAPIError as error:
        raise error.orig or error from error  # callers know psycopg2's errors


def _set_passwords(settings: Settings) -> None:
    with closing(_connect(settings, "postgres", _ATTEMPT_MS)) as connection, connection:
        for role in ROLES:
            set_password(connection, role, settings.postgres.passwords[role].get_secret_value())


@contextmanager
def _turn(settings: Settings) -> Iterator["PostgresConnection"]:
    """A connection to the database `postgres` that holds the lock of all callers."""
    with closing(_connect(settings, "postgres", _QUEUE_MS)) as connection:
        connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [locks.PROVISIONING])
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


def set_password(connection: "PostgresConnection", role: str, password: str) -> None:
    """Send the SCRAM verifier: the password itself never reaches the server, nor its log."""
    verifier = encrypt_password(password, role, connection, "scram-sha-256")
    with connection.cursor() as cursor:
        cursor.execute(
            sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(verifier))
        )
