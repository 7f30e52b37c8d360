"""Records of Kinesis -> the Delta tables `delta_tables/streaming/*`: per ind the row of the latest record.

A merge compares places, so a repeated micro-batch changes nothing: no number of it need be kept.
"""

import time

from delta.tables import DeltaTable
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from services.common.settings import TABLES, Settings, Table
from spark_jobs.schemas import CLEANED, KEY
from spark_jobs.sinks import delta
from spark_jobs.streaming import speed

# Every merge adds a few small files, and a version: 60 of them in ten minutes.
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
        records = batch.persist()
        for table in TABLES:
            judged = speed.judged(records, table, self._settings.stream(table)).localCheckpoint(
                eager=True, storageLevel=StorageLevel.MEMORY_AND_DISK
            )
            self._merge(table, latest(judged.where(fn.size("reasons") == 0)))
            rejected = judged.where(fn.size("reasons") > 0).select(*speed.QUARANTINE.columns)
            if not rejected.isEmpty():
                delta.add_quarantined(rejected, self._path(delta.QUARANTINE), speed.QUARANTINE.key)
        records.unpersist()
        self._tidy_up()

    def _merge(self, table: Table, rows: DataFrame) -> None:
        cleaned, path = rows.select(*CLEANED[table].names, *speed.PLACE), self._path(table)
        if not delta.exists(self._spark, path):
            delta.replace(cleaned, path)
        elif not cleaned.isEmpty():
            delta.merge(cleaned, path, _LATER)

    def _tidy_up(self) -> None:
        """Join small files and remove those that no version of the last hour needs, when it is time to."""
        now = time.monotonic()
        tables = [DeltaTable.forPath(self._spark, self._path(table)) for table in TABLES]
        if now >= self._optimize_at:
            self._optimize_at = now + OPTIMIZE_SECONDS
            for table in tables:
                table.optimize().executeCompaction()
        if now >= self._vacuum_at:
            self._vacuum_at = now + VACUUM_SECONDS
            for table in tables:
                table.vacuum(_KEPT_HOURS)

    def _path(self, name: str) -> str:
        return delta.location(self._settings, name, "streaming")

    def close(self) -> None:
        """Nothing is held between micro-batches."""


def latest(rows: DataFrame) -> DataFrame:
    """The latest row per ind: latest arrival, then highest sequence number."""
    place = fn.struct("arrived_at", fn.length("sequence_number"), "sequence_number")
    by_place = Window.partitionBy(KEY).orderBy(place.desc())
    return rows.withColumn("rank", fn.row_number().over(by_place)).where("rank = 1").drop("rank")
