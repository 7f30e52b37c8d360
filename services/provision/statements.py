"""Execute SQL on a served database, with errors that say which part of the schema failed and where."""

from pathlib import Path
from typing import TYPE_CHECKING

import psycopg2
from psycopg2 import sql

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812


class SchemaError(RuntimeError):
    """The schema could not be applied; the message names the file or table, the line and the cause."""


class SchemaLockedError(SchemaError):
    """Another session keeps a table of the statement locked."""


def apply_file(connection: "PostgresConnection", file: Path) -> None:
    """Execute the statements of a file.

    Raises:
        SchemaError: a statement failed.
    """
    execute(connection, file.read_text(encoding="utf-8"), file.name)


def execute(connection: "PostgresConnection", statement: str | sql.Composable, origin: str) -> None:
    """Execute a statement, or several, of the file or table that `origin` names.

    Raises:
        SchemaError: it failed.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement)
    except psycopg2.errors.LockNotAvailable as error:
        raise SchemaLockedError(f"{origin}: another session keeps one of its tables locked") from error
    except psycopg2.Error as error:
        place = _place(origin, statement, error)
        details = (error.diag.message_primary or str(error), error.diag.message_detail)
        raise SchemaError(f"{place}: {'; '.join(filter(None, details))}") from error


def _place(origin: str, statement: str | sql.Composable, error: psycopg2.Error) -> str:
    """`0002_add.sql line 4`, without the line where the server does not say it."""
    position = error.diag.statement_position
    if position is None or not isinstance(statement, str):
        return origin
    line = statement.count("\n", 0, int(position) - 1) + 1
    return f"{origin} line {line}"
