"""Records of Kinesis -> the tables `speed.*`: per ind the row of the latest record."""

from typing import TYPE_CHECKING

import pyarrow as pa
from psycopg2 import sql
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from services.common.settings import Table
from spark_jobs.cleaning import classify
from spark_jobs.schemas import CLEANED, KEY, SERVED_NAMES
from spark_jobs.sinks.copying import Target, copy, names, to_csv, upsert
from spark_jobs.streaming.progress import ProgressTable

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812

# Where a record stands in its stream; the later one of an ind wins.
PLACE = ("arrived_at", "sequence_number", "shard")
QUARANTINE = Target(
    "quarantine",
    "stream",
    ("stream", "shard", "sequence_number", "partition_key", "arrived_at", "reasons", "raw"),
    ("stream", "shard", "sequence_number"),
)


class SpeedRows:
    """What becomes of a table's stream in the database `pinterest`."""

    quarantine = QUARANTINE

    def __init__(self, table: Table, stream: str) -> None:
        """For the records of the stream, which are meant for the table."""
        self._table = table
        self._stream = stream
        self._target = Target("speed", SERVED_NAMES[table], tuple(CLEANED[table].names), (KEY,))
        self._merge = _merge(self._target)
        self.progress = ProgressTable("ops", f"speed-{table}")

    def prepare(self, cursor: "PostgresCursor") -> None:
        """Make the table in which the rows wait beside their places; it is empty at each transaction's start."""
        cursor.execute(
            sql.SQL(
                "CREATE TEMPORARY TABLE {} ON COMMIT DELETE ROWS AS"
                " SELECT rows.*, {} FROM {} AS rows CROSS JOIN speed.places AS places WITH NO DATA"
            ).format(self._target.staging, names(PLACE, "places"), self._target.identifier)
        )

    def judge(self, records: DataFrame) -> DataFrame:
        """Those of the records (columns as in `from_kinesis`) that are of the stream, judged and cleaned."""
        judgement = judged(records, self._table, self._stream)
        return judgement.withColumn("warnings", fn.size("warnings"))

    def store(self, cursor: "PostgresCursor", accepted: pa.Table) -> int:
        """Merge the latest of them; returns how many were not older than the row of their ind."""
        columns = [*self._target.columns, *PLACE]
        copy(cursor, self._target.staging, columns, to_csv(accepted.select(columns).to_batches()))
        cursor.execute(self._merge, {"table": self._table})
        row = cursor.fetchone()
        return row[0] if row else 0


def judged(records: DataFrame, table: Table, stream: str) -> DataFrame:
    """A stream's records: their place, `reasons`, `warnings`, the cleaned columns, and of a rejected one `raw`."""
    raw = fn.when(fn.size("reasons") > 0, fn.col("value")).alias("raw")
    place = (name for name in records.columns if name != "value")
    return classify(records.where(fn.col("stream") == stream), table).select(
        *place, "reasons", "warnings", raw, "row.*"
    )


def _merge(target: Target) -> sql.Composed:
    return sql.SQL(
        "WITH latest AS (SELECT DISTINCT ON (ind) * FROM {staging}"
        " ORDER BY ind, arrived_at DESC, sequence_number DESC),"
        " placed AS (INSERT INTO speed.places AS old (table_name, ind, {place})"
        " SELECT %(table)s, ind, {place} FROM latest"
        " ON CONFLICT (table_name, ind) DO UPDATE SET ({place}) = ROW({new})"
        # The record of the same place is taken in again, so that a stream read anew serves what it says now.
        " WHERE (old.arrived_at, old.sequence_number) <= (excluded.arrived_at, excluded.sequence_number)"
        " RETURNING ind),"
        " written AS ({upsert})"
        " SELECT count(*) FROM placed"
    ).format(
        staging=target.staging,
        place=names(PLACE),
        new=names(PLACE, "excluded"),
        upsert=upsert(target, sql.SQL("latest JOIN placed USING (ind)")),
    )
