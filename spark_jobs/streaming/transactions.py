"""Micro-batches into Postgres, exactly once: rows, rejects, counts and the micro-batch's number in one transaction."""

from typing import TYPE_CHECKING, Protocol

import pyarrow as pa
import pyarrow.compute as pc
from pyspark.sql import DataFrame

from services.common.clients import postgres_connection
from services.common.settings import Settings
from spark_jobs.sinks.copying import Target, copy, create_staging, to_csv, upsert
from spark_jobs.streaming.progress import Counts, ProgressTable

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812


class Rows(Protocol):
    """What a query writes: how its records are judged, and where they go."""

    database: str
    progress: ProgressTable
    quarantine: Target

    def prepare(self, cursor: "PostgresCursor") -> None:
        """Make what `store` needs, once for each connection."""

    def judge(self, records: DataFrame) -> DataFrame:
        """The records with `reasons` (empty if accepted), `warnings` (a number) and what is to be stored."""

    def store(self, cursor: "PostgresCursor", accepted: pa.Table) -> int:
        """Bring in the accepted records; returns how many of them are now served."""


class TransactionSink:
    """The writer of one streaming query, with a connection of its own."""

    def __init__(self, settings: Settings, rows: Rows) -> None:
        """Connect.

        Raises:
            psycopg2.Error: the database cannot be reached, or lacks its tables.
        """
        self._rows = rows
        self._connection = postgres_connection(settings, "speed_writer", rows.database)
        with self._connection, self._connection.cursor() as cursor:
            rows.prepare(cursor)
            create_staging(cursor, rows.quarantine)

    def remembers(self, query_id: str) -> bool:
        """Whether a micro-batch of this checkpoint has been committed."""
        with self._connection, self._connection.cursor() as cursor:
            return self._rows.progress.last_batch(cursor, query_id) is not None

    def write(self, batch: DataFrame, batch_id: int, query_id: str) -> None:
        """Commit a micro-batch, unless it has been.

        Raises:
            psycopg2.Error: nothing of the micro-batch has been written.
        """
        with self._connection, self._connection.cursor() as cursor:
            last = self._rows.progress.last_batch(cursor, query_id)
            if last is None or batch_id > last:
                counts = self._store(cursor, self._rows.judge(batch).toArrow())
                self._rows.progress.add(cursor, query_id, batch_id, counts)

    def _store(self, cursor: "PostgresCursor", records: pa.Table) -> Counts:
        is_accepted = pc.equal(pc.list_value_length(records["reasons"]), 0)
        rejected = records.filter(pc.invert(is_accepted))
        if rejected.num_rows:
            self._set_aside(cursor, rejected)
        return Counts(
            read=records.num_rows,
            cleaned=self._rows.store(cursor, records.filter(is_accepted)),
            quarantined=rejected.num_rows,
            warnings=pc.sum(records["warnings"]).as_py() or 0,
        )

    def _set_aside(self, cursor: "PostgresCursor", rejected: pa.Table) -> None:
        target = self._rows.quarantine
        copy(cursor, target.staging, target.columns, to_csv(rejected.select(target.columns).to_batches()))
        cursor.execute(upsert(target, target.staging))

    def close(self) -> None:
        """Disconnect; what is under way is not committed."""
        self._connection.close()
