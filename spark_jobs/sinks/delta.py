"""The batch path's Delta tables `pin`, `geo`, `user` and `quarantine`, written by Spark, or by delta-rs a few rows.

The tables hold the cleaned columns, then the place of the record that a row comes from (`source_partition int,
source_offset bigint`). A later write compares places, so records may arrive in any order.
"""

from collections.abc import Sequence

import deltalake
import pyarrow as pa
from delta.tables import DeltaTable
from deltalake import ColumnProperties, WriterProperties
from pyspark.sql import DataFrame, SparkSession

from common.clients import delta_options
from common.settings import Settings
from contracts.delta_tables import BATCH, KEPT_HOURS, Layer, folder
from contracts.latest import BATCH_ORDER, is_not_older
from contracts.tables import KEY

# The columns by which files can be skipped. Statistics of all texts would double the cost of a write.
_STATISTICS = (KEY, "source_partition", "source_offset")
_LATER = is_not_older([f"{{row}}.{name}" for name in BATCH_ORDER])
OFFSET = ("topic", "partition", "offset")
# As the session has Spark write (spark_jobs/session/spark.py); a group of rows is what a reader may skip.
_PARQUET = WriterProperties(
    compression="ZSTD",
    max_row_group_size=100_000,
    default_column_properties=ColumnProperties(dictionary_enabled=False),
)


def location(settings: Settings, name: str, layer: Layer = BATCH) -> str:
    """Return where a table lives."""
    return f"s3a://{settings.bucket}/{folder(layer, name)}"


def exists(spark: SparkSession, path: str) -> bool:
    """Return whether there is a Delta table."""
    return DeltaTable.isDeltaTable(spark, path)


def replace(rows: DataFrame, path: str) -> None:
    """Make the rows the table's content, in one commit."""
    writing = rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
    # Postgres is filled from the table's files as they are (`files`).
    writing = writing.option("delta.enableDeletionVectors", "false")
    if KEY in rows.columns:
        statistics = ",".join(name for name in _STATISTICS if name in rows.columns)
        writing = writing.option("delta.dataSkippingStatsColumns", statistics)
    writing.save(path)


def merge(rows: DataFrame, path: str) -> int:
    """Take in the rows that are not older than what the table has under their ind; returns how many."""
    return _merge(rows, path, (KEY,), _LATER)


def _merge(rows: DataFrame, path: str, key: Sequence[str], later: str | None = None) -> int:
    table = DeltaTable.forPath(rows.sparkSession, path).alias("old")
    # A column that is newer than the table is added to it; in the rows that were there it is null.
    merging = table.merge(rows.alias("new"), same(key)).withSchemaEvolution()
    merging = merging.whenMatchedUpdateAll(later).whenNotMatchedInsertAll()
    affected: int = merging.execute().collect()[0]["num_affected_rows"]
    return affected


def merge_here(
    rows: pa.Table,
    path: str,
    options: dict[str, str] | None,
    key: Sequence[str] = (KEY,),
    later: str | None = _LATER,
) -> int:
    """Do in this process, by delta-rs, what `merge` does by Spark (docs/adr/0015-few-rows-are-merged-by-delta-rs.md).

    Args:
        rows: the new rows, one per key.
        path: of the table.
        options: how its storage is reached.
        key: the columns by which a new row finds the old one.
        later: the condition under which it takes its place; always where there is none.

    Raises:
        deltalake.exceptions.DeltaError: the storage fails, or another writer was there.
    """
    # Of rows that are not streamed the least and the greatest key are known, and no file beyond them is read. That is
    # for numbers: of long texts a file's limits may be cut off.
    merging = deltalake.DeltaTable(path, storage_options=options).merge(
        rows,
        same(key),
        source_alias="new",
        target_alias="old",
        merge_schema=True,
        streamed_exec=tuple(key) != (KEY,),
        writer_properties=_PARQUET,
    )
    done = merging.when_matched_update_all(later).when_not_matched_insert_all().execute()
    affected: int = done["num_target_rows_updated"] + done["num_target_rows_inserted"]
    return affected


def same(key: Sequence[str]) -> str:
    """The condition of a merge, in SQL: the row `old` has the key of the row `new`."""
    return " AND ".join(f"old.{name} = new.{name}" for name in key)


def remove_quarantined(places: DataFrame, path: str) -> None:
    """Remove the rejected records at these places (columns of OFFSET), if there is the table."""
    if exists(places.sparkSession, path):
        table = DeltaTable.forPath(places.sparkSession, path).alias("old")
        table.merge(places.alias("new"), same(OFFSET)).whenMatchedDelete().execute()


def clear(spark: SparkSession, path: str) -> None:
    """Empty the table, if there is one."""
    if exists(spark, path):
        DeltaTable.forPath(spark, path).delete()


def files(settings: Settings, path: str) -> list[str]:
    """The Parquet files that are the table's content now; without deletion vectors, all their rows are.

    From delta-rs: it reads the table's log in a tenth of a second, for which Spark plans a query.
    """
    return deltalake.DeltaTable(path, storage_options=delta_options(settings)).file_uris()


def vacuum(path: str, options: dict[str, str] | None, layer: Layer) -> list[str]:
    """Remove the files that no version of the layer's KEPT_HOURS needs; returns which, none where there is no table.

    Args:
        path: of the table.
        options: how its storage is reached.
        layer: whose table it is.

    Raises:
        deltalake.exceptions.DeltaError: the storage fails.
    """
    if not deltalake.DeltaTable.is_deltatable(path, options):
        return []
    table = deltalake.DeltaTable(path, storage_options=options)
    # Delta's guard of a week is for tables with writers that may still be at work on old files.
    return table.vacuum(KEPT_HOURS[layer], dry_run=False, enforce_retention_duration=False)


def add_quarantined(rows: DataFrame, path: str) -> None:
    """Take in the rejected records; one that is there already, by its key, gets the new reasons."""
    if exists(rows.sparkSession, path):
        _merge(rows, path, OFFSET)
    else:
        replace(rows, path)
