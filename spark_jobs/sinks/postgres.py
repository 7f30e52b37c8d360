"""The batch path's rows in Postgres: COPY, upsert, and the record of the run, all in one transaction."""

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg2 import sql
from psycopg2.errors import LockNotAvailable
from psycopg2.extras import Json, execute_values

from contracts import locks
from contracts.run_counts import TableRunCounts
from contracts.tables import DECLARATIONS, KEY, Table
from spark_jobs.sinks.copying import Target, copy, create_staging, upsert

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812

# A run that has just ended, or was killed, has the lock until Postgres has ended its session: some milliseconds, on a
# busy machine tenths of a second. Ten times that.
LOCK_WAIT_MS = 2_000


SERVED: dict[Table, Target] = {
    table: Target("batch", declared.served, declared.names, (KEY,))
    for table, declared in DECLARATIONS.items()
}
QUARANTINE = Target(
    "quarantine",
    "batch",
    ("topic", "partition", "offset", "reasons", "raw"),
    ("topic", "partition", "offset"),
)


def lock(connection: "PostgresConnection") -> bool:
    """Take the lock of the batch job for as long as the connection lives; False if another run keeps it."""
    with suppress(LockNotAvailable), connection, connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = %s", [LOCK_WAIT_MS])
        cursor.execute("SELECT pg_advisory_lock(%s)", [locks.BATCH_JOB])
        return True
    return False


def is_serving(connection: "PostgresConnection") -> bool:
    """Return whether a table of the batch path has a row."""
    with connection, connection.cursor() as cursor:
        return any(_has_rows(cursor, target) for target in (*SERVED.values(), QUARANTINE))


def _has_rows(cursor: "PostgresCursor", target: Target) -> bool:
    cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(target.identifier))
    row = cursor.fetchone()
    return bool(row and row[0])


def put(connection: "PostgresConnection", target: Target, chunks: Iterable[bytes], *, replace: bool) -> int:
    """Insert or update the rows, or make them the table's whole content; returns how many they are.

    The transaction stays open. To replace, the table is emptied and filled in it: with wal_level=minimal that
    writes no log, and readers wait for its end.

    Args:
        chunks: CSV of the target's columns, in pieces that end anywhere.
    """
    with connection.cursor() as cursor:
        if replace:
            cursor.execute(sql.SQL("TRUNCATE {}").format(target.identifier))
            rows = copy(cursor, target.identifier, target.columns, chunks, freeze=True)
            # Queries on a table that was just filled take twice as long until autovacuum comes by to do this.
            cursor.execute(sql.SQL("ANALYZE {}").format(target.identifier))
            return rows
        create_staging(cursor, target, "DROP")
        rows = copy(cursor, target.staging, target.columns, chunks)
        cursor.execute(upsert(target, target.staging))
        return rows


def record_run(  # noqa: PLR0913 - the columns of ops.batch_runs, by name
    connection: "PostgresConnection",
    *,
    mode: str,
    started_at: datetime,
    seconds: dict[str, float],
    accounts: Iterable[TableRunCounts] = (),
    bucket_id: str | None = None,
    error: str | None = None,
) -> int:
    """Write the run into ops; returns its number. The transaction stays open."""
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ops.batch_runs (mode, started_at, seconds, error, bucket_id) VALUES (%s, %s, %s, %s, %s)"
            " RETURNING run_id",
            [mode, started_at, Json(seconds), error, bucket_id],
        )
        row = cursor.fetchone()
        assert row is not None  # noqa: S101 - INSERT ... RETURNING gives the row it made
        run_id: int = row[0]
        for account in accounts:
            _record_table(cursor, run_id, account)
        return run_id


def _record_table(cursor: "PostgresCursor", run_id: int, account: TableRunCounts) -> None:
    counts = (account.read, account.cleaned, account.duplicate, account.quarantined)
    details = (Json(account.reasons), Json(account.warnings), Json(account.seconds))
    execute_values(
        cursor, "INSERT INTO ops.batch_run_tables VALUES %s", [(run_id, account.table, *counts, *details)]
    )
    execute_values(
        cursor,
        "INSERT INTO ops.batch_run_offsets VALUES %s",
        [(run_id, each.topic, each.partition, each.first, each.end, each.missing) for each in account.ranges],
    )
