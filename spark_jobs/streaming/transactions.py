"""Micro-batches into Postgres, exactly once: rows, rejects, counts and the micro-batch's number in one transaction."""

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from pyspark.sql import DataFrame

from common.clients import postgres_connection
from common.settings import Settings
from spark_jobs.sinks.copying import Target, create_staging, stage, upsert
from spark_jobs.streaming.progress import Counts, ProgressTable

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812


class Rows(Protocol):
    """The destination of some of a query's checked records: which ones, and where they go."""

    progress: ProgressTable
    quarantine: Target

    def prepare(self, cursor: "PostgresCursor") -> None:
        """Make what `store` needs, once for each connection."""

    def of(self, checked: pa.Table) -> pa.Table:
        """Its records, with `reasons` (empty if accepted), `warnings` (a number) and what is to be stored."""

    def store(self, cursor: "PostgresCursor", accepted: pa.Table) -> int:
        """Bring in the accepted records; returns how many of them are now served."""


class TransactionSink:
    """The writer of one streaming query, with a connection of its own."""

    def __init__(self, settings: Settings, database: str, *parts: Rows) -> None:
        """Connect to the database, in which each of the parts has its tables.

        Raises:
            psycopg2.Error: the database cannot be reached, or lacks its tables.
        """
        self._parts = parts
        self._connection = postgres_connection(settings, "speed_writer", database)
        with self._connection, self._connection.cursor() as cursor:
            for part in parts:
                part.prepare(cursor)
            for quarantine in {part.quarantine for part in parts}:
                create_staging(cursor, quarantine)

    def remembers(self, query_id: str) -> bool:
        """Return whether a micro-batch of this checkpoint has been committed."""
        with self._connection, self._connection.cursor() as cursor:
            return self._last_batch(cursor, query_id) is not None

    def make_ready(self) -> None:
        """Provisioning has made the tables."""

    def write(self, batch: DataFrame, batch_id: int, query_id: str) -> None:
        """Commit a micro-batch, unless it has been.

        Raises:
            psycopg2.Error: nothing of the micro-batch has been written.
        """
        with self._connection, self._connection.cursor() as cursor:
            last = self._last_batch(cursor, query_id)
            if last is not None and batch_id <= last:
                return
            checked = batch.toArrow()
            for part in self._parts:
                part.progress.add(cursor, query_id, batch_id, _store(cursor, part, part.of(checked)))

    def _last_batch(self, cursor: "PostgresCursor", query_id: str) -> int | None:
        """All parts are committed together, so one of them speaks for all."""
        return self._parts[0].progress.last_batch(cursor, query_id)

    def close(self) -> None:
        """Disconnect; what is under way is not committed."""
        self._connection.close()


def _store(cursor: "PostgresCursor", part: Rows, records: pa.Table) -> Counts:
    accepted, rejected = split(records)
    if rejected.num_rows:
        _set_aside(cursor, part.quarantine, rejected)
    return Counts(
        read=records.num_rows,
        cleaned=part.store(cursor, accepted) if accepted.num_rows else 0,
        quarantined=rejected.num_rows,
        warnings=pc.sum(records["warnings"]).as_py() or 0,
    )


def split(records: pa.Table) -> tuple[pa.Table, pa.Table]:
    """Judged records -> the accepted ones, the rejected ones."""
    is_accepted = pc.equal(pc.list_value_length(records["reasons"]), 0)
    return records.filter(is_accepted), records.filter(pc.invert(is_accepted))


def _set_aside(cursor: "PostgresCursor", target: Target, rejected: pa.Table) -> None:
    # Another part of the same transaction may have used the table.
    cursor.execute(sql.SQL("TRUNCATE {}").format(target.staging))
    stage(cursor, target, rejected)
    cursor.execute(upsert(target, target.staging))
