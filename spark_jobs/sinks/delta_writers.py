"""The two writers of the batch path's Delta tables: Spark for any number of rows, delta-rs here for a few.

Both leave the same table (docs/adr/0015-few-rows-are-written-by-delta-rs.md). A later write compares places, so records
may arrive in any order.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import deltalake
import pyarrow as pa
from delta.tables import DeltaTable
from deltalake import ColumnProperties, WriterProperties
from pyspark.sql import DataFrame

from contracts.latest import BATCH_ORDER, is_not_older
from contracts.tables import KEY
from spark_jobs.sinks.delta import same

# The columns by which files can be skipped. Statistics of all texts would double the cost of a write.
_STATISTICS = (KEY, "source_partition", "source_offset")
_LATER = is_not_older([f"{{row}}.{name}" for name in BATCH_ORDER])
# As the session has Spark write (spark_jobs/session/spark.py); a group of rows is what a reader may skip.
_PARQUET = WriterProperties(
    compression="ZSTD",
    max_row_group_size=100_000,
    default_column_properties=ColumnProperties(dictionary_enabled=False),
)


Rows_contra = TypeVar("Rows_contra", contravariant=True)


class DeltaWriter(Protocol[Rows_contra]):
    """Writes rows into Delta tables."""

    def replace(self, rows: Rows_contra, path: str) -> None:
        """Make the rows the table's content, in one commit."""

    def merge(
        self, rows: Rows_contra, path: str, key: Sequence[str] = (KEY,), later: str | None = _LATER
    ) -> int:
        """Take in the rows, one per key, that are not older than what the table has under theirs; returns how many.

        Args:
            rows: the new rows. A column that is newer than the table is added to it, null in the rows that were there.
            path: of the table.
            key: the columns by which a new row finds the old one.
            later: the condition under which it takes its place; always where there is none.
        """


class SparkWriter:
    """Spark's own: rows may be many, and executors may be elsewhere."""

    def replace(self, rows: DataFrame, path: str) -> None:
        """See DeltaWriter."""
        writing = rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true")
        writing.options(**_properties(rows.columns)).save(path)

    def merge(
        self, rows: DataFrame, path: str, key: Sequence[str] = (KEY,), later: str | None = _LATER
    ) -> int:
        """See DeltaWriter."""
        table = DeltaTable.forPath(rows.sparkSession, path).alias("old")
        merging = table.merge(rows.alias("new"), same(key)).withSchemaEvolution()
        merging = merging.whenMatchedUpdateAll(later).whenNotMatchedInsertAll()
        affected: int = merging.execute().collect()[0]["num_affected_rows"]
        return affected


@dataclass(frozen=True)
class LocalWriter:
    """delta-rs in this process, which has to hold the rows; `options` say how the tables' storage is reached.

    Both raise deltalake.exceptions.DeltaError where the storage fails, or another writer was there.
    """

    options: dict[str, str] | None

    def replace(self, rows: pa.Table, path: str) -> None:
        """See DeltaWriter."""
        deltalake.write_deltalake(
            path,
            rows,
            mode="overwrite",
            schema_mode="overwrite",
            configuration=_properties(rows.column_names),
            storage_options=self.options,
            writer_properties=_PARQUET,
        )

    def merge(
        self, rows: pa.Table, path: str, key: Sequence[str] = (KEY,), later: str | None = _LATER
    ) -> int:
        """See DeltaWriter."""
        return merge_arrow(rows, path, self.options, key, later)


def merge_arrow(
    rows: pa.Table,
    path: str,
    options: dict[str, str] | None,
    key: Sequence[str] = (KEY,),
    later: str | None = _LATER,
) -> int:
    """Merge rows that are in this process, as DeltaWriter says; `options` say how the table's storage is reached.

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


def _properties(columns: Sequence[str]) -> Mapping[str, str]:
    """Return the properties of a table with these columns."""
    # Postgres is filled from the table's files as they are (`delta.files`).
    files_alone = {"delta.enableDeletionVectors": "false"}
    if KEY not in columns:
        return files_alone
    statistics = ",".join(name for name in _STATISTICS if name in columns)
    return files_alone | {"delta.dataSkippingStatsColumns": statistics}
