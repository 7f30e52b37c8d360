"""Records of Kinesis -> the Delta tables `delta_tables/streaming/*`: per ind the row of the latest record.

A merge compares places, so a repeated micro-batch changes nothing: no number of it need be kept.
"""

import time
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
from delta.tables import DeltaTable
from pyspark.sql import DataFrame, SparkSession

from services.common.settings import TABLES, Settings, Table
from spark_jobs.schemas import CLEANED, KEY
from spark_jobs.sinks import delta
from spark_jobs.streaming import speed
from spark_jobs.streaming.transactions import split

# Every merge adds a few small files, and a version: 20 of them in ten minutes.
OPTIMIZE_SECONDS = 600.0
# What a query that runs now may still read: none takes an hour.
VACUUM_SECONDS = 3600.0
_KEPT_HOURS = 1.0

_LATER = (
    "struct(new.arrived_at, length(new.sequence_number), new.sequence_number)"
    " >= struct(old.arrived_at, length(old.sequence_number), old.sequence_number)"
)


class DeltaSink:
    """The writer of the three tables."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        """For the records of the tables' streams."""
        self._spark = spark
        self._settings = settings
        self._optimize_at = time.monotonic() + OPTIMIZE_SECONDS
        self._vacuum_at = time.monotonic() + VACUUM_SECONDS

    def remembers(self, query_id: str) -> bool:  # noqa: ARG002 - the tables are known by their place
        """Whether what earlier micro-batches wrote is still there."""
        return all(delta.exists(self._spark, self._path(table)) for table in TABLES)

    def write(self, batch: DataFrame, batch_id: int, query_id: str) -> None:  # noqa: ARG002 - as the file says
        """Merge a micro-batch into the tables, and its rejects into the quarantine."""
        judged = batch.toArrow()
        for table in TABLES:
            accepted, rejected = split(speed.of_table(judged, table, self._settings.stream(table)))
            self._merge(table, latest(accepted))
            self._set_aside(rejected)
        self._tidy_up()

    def _merge(self, table: Table, rows: pa.Table) -> None:
        path = self._path(table)
        cleaned = self._spark.createDataFrame(rows.select([*CLEANED[table].names, *speed.PLACE]))
        if not delta.exists(self._spark, path):
            delta.replace(cleaned, path)
        elif rows.num_rows:
            delta.merge(cleaned, path, _LATER)

    def _set_aside(self, rejected: pa.Table) -> None:
        if rejected.num_rows:
            rows = self._spark.createDataFrame(rejected.select(speed.QUARANTINE.columns))
            delta.add_quarantined(rows, self._path(delta.QUARANTINE), speed.QUARANTINE.key)

    def _tidy_up(self) -> None:
        """Join small files and remove those that no version of the last hour needs, when it is time to."""
        now = time.monotonic()
        if now >= self._optimize_at:
            self._optimize_at = now + OPTIMIZE_SECONDS
            for table in self._tables():
                table.optimize().executeCompaction()
        if now >= self._vacuum_at:
            self._vacuum_at = now + VACUUM_SECONDS
            for table in self._tables():
                table.vacuum(_KEPT_HOURS)

    def _tables(self) -> Iterator[DeltaTable]:
        return (DeltaTable.forPath(self._spark, self._path(table)) for table in TABLES)

    def _path(self, name: str) -> str:
        return delta.location(self._settings, name, "streaming")

    def close(self) -> None:
        """Nothing is held between micro-batches."""


def latest(rows: pa.Table) -> pa.Table:
    """The latest row per ind: latest arrival, then highest sequence number, which are digits of any count."""
    length = pc.utf8_length(rows["sequence_number"])
    places = pa.table(
        [rows["arrived_at"], length, rows["sequence_number"]], ["arrived_at", "length", "number"]
    )
    in_order = rows.take(pc.sort_indices(places, [(name, "ascending") for name in places.column_names]))
    last = {ind: number for number, ind in enumerate(in_order[KEY].to_pylist())}
    return in_order.take(pa.array(sorted(last.values()), pa.int64()))
