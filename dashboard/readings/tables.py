"""Read from Postgres how many rows there are, and how far the batch runs and the emulator have come."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from psycopg2 import sql

from common.settings import Settings
from dashboard.readings.postgres import asking, rows

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812

# All together take 30 ms with the default source, and 60 ms with a million posts, whose tables are not counted.
_SECONDS = 2.0
# A count reads the table: of this size it takes some 10 ms. Larger ones are estimated by Postgres' own statistics.
_COUNTED_BYTES = 32 * 1024**2

_SIZES = """
SELECT schemaname, relname, n_live_tup, pg_relation_size(relid)
FROM pg_stat_user_tables WHERE schemaname IN ('batch', 'speed', 'quarantine') ORDER BY schemaname, relname
"""
_READ = """
SELECT DISTINCT ON (topic, partition) topic, partition, end_offset
FROM ops.batch_run_offsets JOIN ops.batch_runs USING (run_id)
WHERE error IS NULL ORDER BY topic, partition, run_id DESC
"""
_LAST_RUN = "SELECT started_at, now() FROM ops.batch_runs WHERE error IS NULL ORDER BY run_id DESC LIMIT 1"
_SENT = "SELECT coalesce(sum(acknowledged), 0)::bigint FROM ops.emulator_runs"
_STREAMED = """
SELECT coalesce(sum(read), 0)::bigint FROM (
    SELECT DISTINCT ON (query) read FROM ops.stream_progress ORDER BY query, updated_at DESC
) AS newest
"""


@dataclass(frozen=True)
class Count:
    """A number of rows, counted or estimated."""

    rows: int
    exact: bool = True

    def __add__(self, other: "Count") -> "Count":
        return Count(self.rows + other.rows, self.exact and other.exact)


@dataclass(frozen=True)
class Tables:
    """The content of the served database.

    Attributes:
        counts: rows by schema and table: `batch.pin`.
        read: by topic and partition, the offset up to which the batch runs have read.
        last_run_seconds: how long ago the last good batch run began; None where there was none.
        sent: records that the emulator's runs had acknowledged.
        streamed: records that the streaming writer has read of the streams.
    """

    counts: Mapping[str, Count] = field(default_factory=dict)
    read: Mapping[tuple[str, int], int] = field(default_factory=dict)
    last_run_seconds: float | None = None
    sent: int = 0
    streamed: int = 0

    def of(self, schema: str) -> Count:
        """Return the rows of all of a schema's cleaned tables."""
        found = [count for name, count in self.counts.items() if name.startswith(f"{schema}.")]
        return sum(found, Count(0))


def read_tables(settings: Settings) -> Tables:
    """Read it all from one snapshot.

    Raises:
        psycopg2.Error: Postgres does not answer, or lacks its tables.
    """
    with asking(settings, _SECONDS) as cursor:
        [[sent]], [[streamed]] = rows(cursor, _SENT), rows(cursor, _STREAMED)
        last_run: list[tuple[datetime, datetime]] = rows(cursor, _LAST_RUN)
        return Tables(
            counts={f"{schema}.{name}": count for schema, name, count in _counts(cursor)},
            read={(topic, partition): end for topic, partition, end in rows(cursor, _READ)},
            last_run_seconds=next(((now - began).total_seconds() for began, now in last_run), None),
            sent=sent,
            streamed=streamed,
        )


def _counts(cursor: "Cursor") -> list[tuple[str, str, Count]]:
    sizes = rows(cursor, _SIZES)
    # speed.places has a row for each row of the others.
    return [
        (schema, name, _exact(cursor, schema, name) if size < _COUNTED_BYTES else Count(about, exact=False))
        for schema, name, about, size in sizes
        if name != "places"
    ]


def _exact(cursor: "Cursor", schema: str, name: str) -> Count:
    cursor.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, name)))
    [[found]] = cursor.fetchall()
    return Count(found)
