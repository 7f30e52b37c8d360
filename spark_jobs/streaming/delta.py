"""Records of Kinesis -> the Delta tables `delta_tables/streaming/*`: per ind the row of the latest record.

A merge compares places, so a repeated micro-batch changes nothing: no number of it need be kept.
"""

import time
from threading import Lock

from delta.tables import DeltaTable
from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from services.common.settings import Settings, Table
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
# The three tables' queries share the quarantine; concurrent merges of one table would fail each other.
_QUARANTINE = Lock()


class DeltaSink:
    """The writer of a table's query."""

    def __init__(self, spark: SparkSession, settings: Settings, table: Table) -> None:
        """For the records of the table's stream."""
        self._spark = spark
        self._table = table
        self._path = delta.location(settings, table, "streaming")
        self._quarantine = delta.location(settings, delta.QUARANTINE, "streaming")
        self._optimize_at = time.monotonic() + OPTIMIZE_SECONDS
        self._vacuum_at = time.monotonic() + VACUUM_SECONDS

    def remembers(self, query_id: str) -> bool:  # noqa: ARG002 - the table is known by its place
        """Whether what earlier micro-batches wrote is still there."""
        return delta.exists(self._spark, self._path)

    def write(self, batch: DataFrame, batch_id: int, query_id: str) -> None:  # noqa: ARG002 - as the class says
        """Merge a micro-batch into the table, and its rejects into the quarantine."""
        judged = speed.judged(batch, self._table).localCheckpoint(
            eager=True, storageLevel=StorageLevel.MEMORY_AND_DISK
        )
        self._merge(latest(judged.where(fn.size("reasons") == 0)))
        rejected = judged.where(fn.size("reasons") > 0).select(*speed.QUARANTINE.columns)
        if not rejected.isEmpty():
            with _QUARANTINE:
                delta.add_quarantined(rejected, self._quarantine, speed.QUARANTINE.key)
        self._tidy_up()

    def _merge(self, rows: DataFrame) -> None:
        cleaned = rows.select(*CLEANED[self._table].names, *speed.PLACE)
        if delta.exists(self._spark, self._path):
            delta.merge(cleaned, self._path, _LATER)
        else:
            delta.replace(cleaned, self._path)

    def _tidy_up(self) -> None:
        """Join small files and remove those that no version of the last hour needs, when it is time to."""
        now = time.monotonic()
        if now >= self._optimize_at:
            self._optimize_at = now + OPTIMIZE_SECONDS
            DeltaTable.forPath(self._spark, self._path).optimize().executeCompaction()
        if now >= self._vacuum_at:
            self._vacuum_at = now + VACUUM_SECONDS
            DeltaTable.forPath(self._spark, self._path).vacuum(_KEPT_HOURS)

    def close(self) -> None:
        """Nothing is held between micro-batches."""


def latest(rows: DataFrame) -> DataFrame:
    """The latest row per ind: latest arrival, then highest sequence number."""
    place = fn.struct("arrived_at", fn.length("sequence_number"), "sequence_number")
    by_place = Window.partitionBy(KEY).orderBy(place.desc())
    return rows.withColumn("rank", fn.row_number().over(by_place)).where("rank = 1").drop("rank")
