"""Serve Kinesis' records in the tables `speed.*`: of each ind the row of the latest record.

One plan cleans the records of all three streams (docs/adr/0006-one-plan-for-three-streams.md).
"""

from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from contracts.latest import SPEED_ORDER
from contracts.tables import DECLARATIONS, KEY, TABLES, Table
from spark_jobs.cleaning import classify
from spark_jobs.sinks.copying import Target, names, stage, upsert
from spark_jobs.streaming.progress import ProgressTable

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812

# Where a record stands in its stream.
PLACE = (*SPEED_ORDER, "shard")
QUARANTINE = Target(
    "quarantine",
    "stream",
    ("stream", "shard", "sequence_number", "partition_key", "arrived_at", "reasons", "raw"),
    ("stream", "shard", "sequence_number"),
)


class SpeedRows:
    """The sink of a table's stream in the database `pinterest`."""

    quarantine = QUARANTINE

    def __init__(self, table: Table, stream: str) -> None:
        """For the records of the stream, which are meant for the table."""
        self._table = table
        self._stream = stream
        self._target = Target("speed", DECLARATIONS[table].served, DECLARATIONS[table].names, (KEY,))
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

    def of(self, checked: pa.Table) -> pa.Table:
        """Those of the checked records that are of the stream."""
        return of_table(checked, self._table, self._stream)

    def store(self, cursor: "PostgresCursor", accepted: pa.Table) -> int:
        """Merge the latest of them; returns how many were not older than the row of their ind."""
        stage(cursor, self._target, accepted, *PLACE)
        cursor.execute(self._merge, {"table": self._table})
        row = cursor.fetchone()
        return row[0] if row else 0


def validate(records: DataFrame, streams: Mapping[Table, str]) -> DataFrame:
    """Records of the tables' streams, each checked as one of its own table, in one pass.

    Args:
        records: columns as in `records.from_kinesis`.
        streams: the name of each table's stream.

    Returns:
        the columns of the records but `value`; for each table a struct of `reasons`, `warnings` (how many) and `row`,
        which means nothing for the records of other streams; and `raw`, the text of a rejected record.
    """
    place = [name for name in records.columns if name != "value"]
    checked = records.withColumnRenamed("value", "text")
    for table, stream in streams.items():
        own = fn.when(fn.col("stream") == stream, fn.col("text"))
        verdict = fn.struct("reasons", fn.size("warnings").alias("warnings"), "row")
        checked = classify(checked.withColumn("value", own), table).withColumn(table, verdict)
        checked = checked.drop("value", "reasons", "warnings", "row")
    rejected = (
        (fn.col("stream") == stream) & (fn.size(f"{table}.reasons") > 0) for table, stream in streams.items()
    )
    return checked.select(*place, *streams, fn.when(reduce(or_, rejected), fn.col("text")).alias("raw"))


def of_table(checked: pa.Table, table: Table, stream: str) -> pa.Table:
    """Return the table's own records of what `validate` gives: place, `reasons`, `warnings`, its columns, `raw`."""
    own = checked.filter(pc.equal(checked["stream"], stream))
    verdict = own[table].combine_chunks()
    row = verdict.field("row")
    fields = {name: _field(row, name) for name in DECLARATIONS[table].names}
    outside = {name: own[name] for name in own.column_names if name not in TABLES}
    inside = {name: _field(verdict, name) for name in ("reasons", "warnings")}
    return pa.table(outside | inside | fields)


def _field(struct: pa.StructArray, name: str) -> pa.Array:
    """A field; null where the struct is."""
    return pc.struct_field(struct, name)


def _merge(target: Target) -> sql.Composed:
    return sql.SQL(
        "WITH latest AS (SELECT DISTINCT ON (ind) * FROM {staging}"
        " ORDER BY ind, {latest_first}),"
        " placed AS (INSERT INTO speed.places AS old (table_name, ind, {place})"
        " SELECT %(table)s, ind, {place} FROM latest"
        " ON CONFLICT (table_name, ind) DO UPDATE SET ({place}) = ROW({new})"
        # The record of the same place is taken in again, so that a stream read anew serves what it says now.
        " WHERE ({old_order}) <= ({new_order})"
        " RETURNING ind),"
        " written AS ({upsert})"
        " SELECT count(*) FROM placed"
    ).format(
        staging=target.staging,
        place=names(PLACE),
        new=names(PLACE, "excluded"),
        latest_first=sql.SQL(", ").join(
            sql.SQL("{} DESC").format(sql.Identifier(name)) for name in SPEED_ORDER
        ),
        old_order=names(SPEED_ORDER, "old"),
        new_order=names(SPEED_ORDER, "excluded"),
        upsert=upsert(target, sql.SQL("latest JOIN placed USING (ind)")),
    )
