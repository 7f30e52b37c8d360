"""Keep what a query has committed to Postgres: the number of its last micro-batch, and what became of its records."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg2 import sql

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812


@dataclass(frozen=True)
class Counts:
    """The counts of a micro-batch's records: read = cleaned + duplicate + quarantined."""

    read: int
    cleaned: int
    quarantined: int
    warnings: int

    @property
    def duplicate(self) -> int:
        """Records older than another one with the same ind."""
        return self.read - self.cleaned - self.quarantined


@dataclass(frozen=True)
class ProgressTable:
    """The table `stream_progress` of a database, and the query's rows in it (one for each of its checkpoints)."""

    schema: str
    query: str

    def last_batch(self, cursor: "PostgresCursor", query_id: str) -> int | None:
        """The last committed micro-batch of a checkpoint; None if none ever was."""
        cursor.execute(
            sql.SQL("SELECT batch_id FROM {} WHERE query = %s AND query_id = %s").format(self._name),
            [self.query, query_id],
        )
        row = cursor.fetchone()
        return row[0] if row else None

    def add(self, cursor: "PostgresCursor", query_id: str, batch_id: int, counts: Counts) -> None:
        """Count a micro-batch, in the transaction that holds its rows."""
        cursor.execute(
            sql.SQL(
                "INSERT INTO {table} AS old"
                " (query, query_id, batch_id, read, cleaned, duplicate, quarantined, warnings)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
                " ON CONFLICT (query, query_id) DO UPDATE SET"
                " batch_id = excluded.batch_id,"
                " read = old.read + excluded.read,"
                " cleaned = old.cleaned + excluded.cleaned,"
                " duplicate = old.duplicate + excluded.duplicate,"
                " quarantined = old.quarantined + excluded.quarantined,"
                " warnings = old.warnings + excluded.warnings,"
                " updated_at = now()"
            ).format(table=self._name),
            [
                *(self.query, query_id, batch_id),
                *(counts.read, counts.cleaned, counts.duplicate, counts.quarantined, counts.warnings),
            ],
        )

    @property
    def _name(self) -> sql.Identifier:
        return sql.Identifier(self.schema, "stream_progress")
