"""A lock on a table of Postgres, by which a test stops a program at a point that it knows."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

from common.clients import postgres_connection
from common.settings import Settings


@contextmanager
def locked(settings: Settings, table: str, database: str = "pinterest") -> Iterator[Callable[[], bool]]:
    """Have everybody who writes to the table wait for as long; yield what says whether somebody waits."""
    with (
        closing(postgres_connection(settings, database=database)) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(f"LOCK TABLE {table} IN SHARE MODE")

        def is_awaited() -> bool:
            cursor.execute("SELECT FROM pg_locks WHERE relation = %s::regclass AND NOT granted", [table])
            return bool(cursor.rowcount)

        yield is_awaited
