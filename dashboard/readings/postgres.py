"""Ask Postgres as `analyst`, who can only read, within a bound of time."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from common.clients import postgres_connection
from common.settings import Settings

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812


@contextmanager
def asking(settings: Settings, seconds: float) -> Iterator["Cursor"]:
    """Yield a cursor of one snapshot, whose statements end after so many seconds each.

    Raises:
        psycopg2.Error: Postgres does not answer, refuses, or takes longer.
    """
    with closing(postgres_connection(settings, "analyst")) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = %s", [int(seconds * 1000)])
            yield cursor


def read_rows(
    settings: Settings, seconds: float, statement: str, values: Sequence[object] | None = None
) -> list[tuple[Any, ...]]:
    """Return the rows of one statement, which ends after so many seconds.

    Raises:
        psycopg2.Error: Postgres does not answer, refuses, or takes longer.
    """
    with asking(settings, seconds) as cursor:
        return rows(cursor, statement, values)


def rows(cursor: "Cursor", statement: str, values: Any = None) -> list[tuple[Any, ...]]:  # noqa: ANN401 - psycopg2's
    """Return the rows of an answer."""
    cursor.execute(statement, values)
    return cursor.fetchall()
