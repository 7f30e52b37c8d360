"""One table's part of a run: landed objects -> verdicts -> Delta -> Postgres."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyspark.sql import SparkSession

from common.settings import Settings
from contracts.run_counts import OffsetRange, TableRunCounts
from contracts.tables import Table
from spark_jobs.batch import ranges as offset_ranges
from spark_jobs.batch import staging
from spark_jobs.batch.plan import Plan
from spark_jobs.batch.steps import Steps
from spark_jobs.batch.ways import Way
from spark_jobs.readers import parquet
from spark_jobs.schemas import arrow_schema
from spark_jobs.sinks import copying, delta, postgres

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812


@dataclass(frozen=True)
class Context:
    """The things that the tables of a run share. One connection means one transaction, so one COPY at a time."""

    spark: SparkSession
    settings: Settings
    connection: "PostgresConnection"
    plan: Plan
    way: Way[Any]
    mended: pa.Table
    copying: Lock


def run_table(context: Context, table: Table) -> tuple[TableRunCounts, Any]:
    """Clean and serve a table's new records.

    Returns:
        what became of them, and the rejected ones (rows of the context's way).

    Raises:
        StepFailedError: a step failed.
        CountsDoNotAddUpError: records were lost on the way.
    """
    steps = Steps(table)
    objects, settings, way = context.plan.objects[table], context.settings, context.way
    with steps("read and clean"):
        records = staging.read(context.spark, settings, table, objects)
        if context.mended.num_rows:
            records = staging.mend(records, context.spark.createDataFrame(context.mended))
        staged = way.stage(records, table)
        tally = way.tally(staged)
        ranges = offset_ranges.ranges(objects, tally.objects, context.plan.reached(settings.topic(table)))
    with steps("find duplicates"):
        rows, repeated = way.latest(staged)
    with steps("write Delta"):
        written = _write(context, table, rows, tally.accepted - repeated)
    with steps("serve"):
        cleaned = _serve(context, table, ranges)
    account = TableRunCounts(
        table=table,
        ranges=ranges,
        read=sum(each.records for each in tally.objects),
        cleaned=cleaned,
        duplicate=tally.accepted - written,
        quarantined=tally.quarantined,
        reasons=tally.reasons,
        warnings=tally.warnings,
        seconds=steps.seconds,
    )
    account.check()
    return account, way.quarantined(staged)


def _write(context: Context, table: Table, rows: object, count: int) -> int:
    """Write the latest rows; returns how many of them are newer than what was there."""
    path = delta.location(context.settings, table)
    if not context.plan.rebuild and delta.exists(context.settings, path):
        return context.way.writer.merge(rows, path)
    if context.plan.reached(context.settings.topic(table)):
        raise FileNotFoundError(
            f"{path} is gone, though earlier runs wrote it. `make batch FULL=1` rebuilds it."
        )
    context.way.writer.replace(rows, path)
    return count


def _serve(context: Context, table: Table, ranges: Sequence[OffsetRange]) -> int:
    """Bring what Delta now holds of the run's records into Postgres; returns how many rows."""
    files = delta.files(context.settings, delta.location(context.settings, table))
    ours = parquet.from_ranges(ranges, "source_partition", "source_offset")
    declared = arrow_schema(table)
    rows = parquet.read(context.settings, files, declared.names, ours, declared)
    with context.copying:
        target = postgres.SERVED[table]
        return postgres.put(context.connection, target, copying.to_csv(rows), replace=context.plan.replace)
