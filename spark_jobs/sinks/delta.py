"""The batch path's Delta tables `pin`, `geo`, `user` and `quarantine`; `delta_writers` brings rows in.

The tables hold the cleaned columns, then the place of the record that a row comes from (`source_partition int,
source_offset bigint`).
"""

from collections.abc import Sequence

import deltalake
from delta.tables import DeltaTable
from pyspark.sql import DataFrame

from common.clients import delta_options
from common.settings import Settings
from contracts.delta_tables import BATCH, KEPT_HOURS, Layer, folder

OFFSET = ("topic", "partition", "offset")


def location(settings: Settings, name: str, layer: Layer = BATCH) -> str:
    """Return where a table lives."""
    return f"s3a://{settings.bucket}/{folder(layer, name)}"


def exists(settings: Settings, path: str) -> bool:
    """Return whether there is a Delta table."""
    return deltalake.DeltaTable.is_deltatable(path, delta_options(settings))


def same(key: Sequence[str]) -> str:
    """The condition of a merge, in SQL: the row `old` has the key of the row `new`."""
    return " AND ".join(f"old.{name} = new.{name}" for name in key)


def remove_quarantined(settings: Settings, places: DataFrame, path: str) -> None:
    """Remove the rejected records at these places (columns of OFFSET), if there is the table."""
    if exists(settings, path):
        table = DeltaTable.forPath(places.sparkSession, path).alias("old")
        table.merge(places.alias("new"), same(OFFSET)).whenMatchedDelete().execute()


def clear(settings: Settings, path: str) -> None:
    """Empty the table, if there is one."""
    if exists(settings, path):
        deltalake.DeltaTable(path, storage_options=delta_options(settings)).delete()


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
