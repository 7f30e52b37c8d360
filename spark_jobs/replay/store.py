"""The batch path's quarantine in Postgres, read again; and `quarantine.replayed`, the mark of what has left it."""

from typing import TYPE_CHECKING

import pyarrow as pa
from psycopg2 import sql

from spark_jobs.replay.mended_file import KafkaPosition, Quarantined
from spark_jobs.replay.selection import Selection
from spark_jobs.sinks.copying import copy, to_csv
from spark_jobs.sinks.postgres import QUARANTINE

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

_PASSED = sql.Identifier("pg_temp", "passed")
_MAKE_PASSED = """
CREATE TEMPORARY TABLE passed (topic text, partition integer, "offset" bigint, mended text) ON COMMIT DROP
"""
# A record that was mended, and is rejected again by a later rule, is in quarantine as it was mended: what had landed
# stays known.
_MOVE = """
WITH gone AS (
    DELETE FROM quarantine.batch AS held USING pg_temp.passed
    WHERE (held.topic, held.partition, held."offset") = (passed.topic, passed.partition, passed."offset")
    RETURNING held.*, passed.mended
)
INSERT INTO quarantine.replayed AS old
    (topic, partition, "offset", reasons, raw, quarantined_at, mended, run_id)
SELECT topic, partition, "offset", reasons, raw, quarantined_at, mended, %s FROM gone
ON CONFLICT (topic, partition, "offset") DO UPDATE SET
    (reasons, raw, quarantined_at, mended, run_id, replayed_at) = ROW(
        excluded.reasons,
        CASE WHEN old.mended = excluded.raw THEN old.raw ELSE excluded.raw END,
        excluded.quarantined_at,
        coalesce(excluded.mended, CASE WHEN old.mended = excluded.raw THEN old.mended END),
        excluded.run_id,
        excluded.replayed_at
    )
"""


def quarantined(connection: "PostgresConnection", selection: Selection) -> list[Quarantined]:
    """The selected records, in the order of their places."""
    condition, values = selection.condition()
    columns = 'topic, partition, "offset", reasons, raw'
    with connection, connection.cursor() as cursor:
        cursor.execute(
            f'SELECT {columns} FROM quarantine.batch WHERE {condition} ORDER BY topic, partition, "offset"',  # noqa: S608 - our own text
            values,
        )
        return [Quarantined(KafkaPosition(*row[:3]), *row[3:]) for row in cursor]


def move(connection: "PostgresConnection", passed: pa.Table, run_id: int) -> int:
    """Take the records out of quarantine and mark them; returns how many. The transaction stays open.

    Args:
        passed: columns `topic, partition, offset, mended`; the last is null where the record passed as it landed.
    """
    columns = (*QUARANTINE.key, "mended")
    with connection.cursor() as cursor:
        cursor.execute(_MAKE_PASSED)
        copy(cursor, _PASSED, columns, to_csv(passed.select(columns).to_batches()))
        cursor.execute(_MOVE, [run_id])
        return cursor.rowcount
