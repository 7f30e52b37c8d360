"""Read the programs' own records in ops: the emulator, the batch runs, the streaming queries."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from contracts.tables import Table

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812
    from psycopg2.sql import Composable

# The runs of a table since it was last built from nothing, in its last run's bucket: earlier ones no longer say what is
# there. (Runs of before buckets had ids are of none.)
_RUNS = """
SELECT counts.run_id FROM ops.batch_run_tables AS counts
JOIN ops.batch_runs AS run ON run.run_id = counts.run_id
WHERE counts.table_name = %(table)s AND run.error IS NULL AND coalesce(run.bucket_id = (
    SELECT last_run.bucket_id FROM ops.batch_runs AS last_run
    JOIN ops.batch_run_tables AS last_counts ON last_counts.run_id = last_run.run_id
    WHERE last_counts.table_name = %(table)s AND last_run.error IS NULL ORDER BY last_run.run_id DESC LIMIT 1
), true) AND run.run_id >= coalesce((
    SELECT max(rebuild.run_id) FROM ops.batch_runs AS rebuild
    JOIN ops.batch_run_tables AS rebuilt ON rebuilt.run_id = rebuild.run_id
    WHERE rebuilt.table_name = %(table)s AND rebuild.mode IN ('rebuild', 'full') AND rebuild.error IS NULL
), 0)
"""
_COUNTS = f"""
SELECT coalesce(sum(read), 0)::bigint, coalesce(sum(cleaned), 0)::bigint, coalesce(sum(duplicate), 0)::bigint,
    coalesce(sum(quarantined), 0)::bigint
FROM ops.batch_run_tables WHERE table_name = %(table)s AND run_id IN ({_RUNS})
"""  # noqa: S608 - our own text
_REPLAYED = f"""
SELECT coalesce(-sum(quarantined), 0)::bigint
FROM ops.batch_run_tables WHERE table_name = %(table)s AND quarantined < 0 AND run_id IN ({_RUNS})
"""  # noqa: S608 - our own text
_MENDED = """
SELECT partition, "offset", raw, mended FROM quarantine.replayed WHERE topic = %s AND mended IS NOT NULL
"""
_OFFSETS = f"""
SELECT partition, first_offset, end_offset FROM ops.batch_run_offsets
WHERE topic = %(topic)s AND run_id IN ({_RUNS}) ORDER BY partition, first_offset
"""  # noqa: S608 - our own text
_LEDGER = "SELECT sum(acknowledged)::bigint FROM ops.emulator_runs WHERE destination = %s"
_STREAM = """
SELECT read, cleaned, duplicate, quarantined FROM ops.stream_progress
WHERE query = %s ORDER BY updated_at DESC LIMIT 1
"""


@dataclass(frozen=True)
class Counts:
    """The counts of records that a job read; `make replay` moves them from quarantined to the other two."""

    read: int = 0
    cleaned: int = 0
    duplicate: int = 0
    quarantined: int = 0


class Mended(NamedTuple):
    """A record that was mended: the text that had landed, as Postgres shows it, and the one that counts instead.

    Another text at that place is of another time (a topic made anew), and counts itself.
    """

    landed: str | None
    text: str


def ask(
    connection: "PostgresConnection",
    query: "str | Composable",
    values: Any = None,  # noqa: ANN401 - psycopg2's
) -> list[tuple[Any, ...]]:
    """The rows of an answer."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return cursor.fetchall()


def sent(connection: "PostgresConnection", destination: str) -> int:
    """Records that the emulator's runs had acknowledged by a topic or stream."""
    return ask(connection, _LEDGER, [destination])[0][0] or 0


def batch_counts(connection: "PostgresConnection", table: Table) -> Counts:
    """Return what became of a table's records in the batch runs since it was last rebuilt."""
    return Counts(*ask(connection, _COUNTS, {"table": table})[0])


def replayed(connection: "PostgresConnection", table: Table) -> int:
    """Return how many of a table's records `make replay` took out of quarantine in those runs."""
    found: int = ask(connection, _REPLAYED, {"table": table})[0][0]
    return found


def mended(connection: "PostgresConnection", topic: str) -> dict[tuple[int, int], Mended]:
    """By partition and offset, the records of a topic that were mended (`make replay`)."""
    rows = ask(connection, _MENDED, [topic])
    return {(partition, offset): Mended(*texts) for partition, offset, *texts in rows}


def batch_offsets(connection: "PostgresConnection", table: Table, topic: str) -> dict[int, list[range]]:
    """By partition, the ranges of offsets that those runs read, in order."""
    found: dict[int, list[range]] = {}
    for partition, first, end in ask(connection, _OFFSETS, {"table": table, "topic": topic}):
        found.setdefault(partition, []).append(range(first, end))
    return found


def stream_counts(connection: "PostgresConnection", table: Table) -> Counts:
    """Return what became of a table's stream in the newest of its queries that write into Postgres."""
    rows = ask(connection, _STREAM, [f"speed-{table}"])
    return Counts(*rows[0]) if rows else Counts()
