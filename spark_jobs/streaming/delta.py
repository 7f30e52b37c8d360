"""Records of Kinesis -> the Delta tables `delta_tables/streaming/*`: per ind the row of the latest record.

Written by delta-rs (the package deltalake): the rows of a micro-batch are few and in this process already, and a merge
of them takes it 0.2 s, where Spark takes 6 s of two cores, which the other queries then lack.

A merge compares places, so a repeated micro-batch changes nothing: no number of it need be kept.
"""

import time
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable, write_deltalake
from pyspark.sql import DataFrame

from common.clients import delta_options
from common.settings import Settings
from contracts.delta_tables import KEPT_HOURS, QUARANTINE, SPEED
from contracts.latest import SPEED_ORDER, is_not_older
from contracts.tables import DECLARATIONS, KEY, TABLES
from spark_jobs.sinks import delta
from spark_jobs.sinks.delta_writers import merge_arrow
from spark_jobs.streaming import served, speed
from spark_jobs.streaming.transactions import split

# Every merge adds a small file or a few, and a version: 20 of them in ten minutes.
OPTIMIZE_SECONDS = 600.0
VACUUM_SECONDS = 3600.0

# Their log goes back no further than their files: by default a month, of up to 2,880 commits a day for each table. It
# is cut at checkpoints, which by default come every 100 commits.
_CONFIGURATION = {
    "delta.logRetentionDuration": f"interval {KEPT_HOURS[SPEED]} hours",
    "delta.checkpointInterval": "20",
}

# Delta has no number of 56 digits, so sequence numbers are texts there: of two without leading zeros the longer one is
# higher, and of two of one length the one that is later in the alphabet.
_ARRIVED_AT, _NUMBER = SPEED_ORDER
LATER = is_not_older([f"{{row}}.{_ARRIVED_AT}", f"character_length({{row}}.{_NUMBER})", f"{{row}}.{_NUMBER}"])


class DeltaSink:
    """The writer of the three tables."""

    def __init__(self, settings: Settings) -> None:
        """For the records of the tables' streams."""
        self._settings = settings
        self._options = delta_options(settings)
        self._optimize_at = time.monotonic() + OPTIMIZE_SECONDS
        self._vacuum_at = time.monotonic() + VACUUM_SECONDS

    def remembers(self, query_id: str) -> bool:  # noqa: ARG002 - the tables are known by their place
        """Return whether what earlier micro-batches wrote is still there."""
        return all(self._exists(table) for table in TABLES)

    def make_ready(self) -> None:
        """Make the tables that are not there of what Postgres serves: a lost bucket's, which streams may not give back.

        Raises:
            psycopg2.Error, deltalake.exceptions.DeltaError: Postgres or S3 fails.
        """
        for table in TABLES:
            if not self._exists(table):
                make(self._path(table), self._options, served.rows(self._settings, table))
        if not self._exists(QUARANTINE):
            rejects = served.rejected(self._settings).read_all()
            if rejects.num_rows:
                make(self._path(QUARANTINE), self._options, rejects)

    def write(self, batch: DataFrame, batch_id: int, query_id: str) -> None:  # noqa: ARG002 - as the file says
        """Merge a micro-batch into the tables, and its rejects into the quarantine.

        Raises:
            deltalake.exceptions.DeltaError: S3 fails, or another writer was there.
        """
        self.make_ready()  # the bucket may be lost since the query began
        checked = batch.toArrow()
        for table in TABLES:
            accepted, rejected = split(speed.of_table(checked, table, self._settings.stream(table)))
            rows = latest(accepted).select([*DECLARATIONS[table].names, *speed.PLACE])
            take_in(self._path(table), self._options, rows, (KEY,), LATER)
            if rejected.num_rows:
                rejects = rejected.select(speed.QUARANTINE.columns)
                take_in(self._path(QUARANTINE), self._options, rejects, speed.QUARANTINE.key)
        self._tidy_up()

    def _tidy_up(self) -> None:
        """Join small files, and remove those that are needed no longer, when it is time to."""
        now = time.monotonic()
        if now >= self._optimize_at:
            self._optimize_at = now + OPTIMIZE_SECONDS
            for name in filter(self._exists, (*TABLES, QUARANTINE)):
                self._open(name).optimize.compact()
        if now >= self._vacuum_at:
            self._vacuum_at = now + VACUUM_SECONDS
            for name in (*TABLES, QUARANTINE):
                delta.vacuum(self._path(name), self._options, SPEED)

    def _exists(self, name: str) -> bool:
        return DeltaTable.is_deltatable(self._path(name), self._options)

    def _open(self, name: str) -> DeltaTable:
        """The table as it is now: what is kept of it between micro-batches would outlive a lost bucket."""
        return DeltaTable(self._path(name), storage_options=self._options)

    def _path(self, name: str) -> str:
        return delta.location(self._settings, name, SPEED)

    def close(self) -> None:
        """Nothing is held between micro-batches."""


def make(path: str, options: dict[str, str] | None, rows: pa.Table | pa.RecordBatchReader) -> None:
    """Make a Delta table of rows, whose log is kept for as long as its files.

    Args:
        path: of the table.
        options: how its storage is reached.
        rows: its content.

    Raises:
        deltalake.exceptions.DeltaError: the storage fails, or another writer was there.
    """
    write_deltalake(path, rows, storage_options=options, configuration=_CONFIGURATION)


def take_in(
    path: str, options: dict[str, str] | None, rows: pa.Table, key: Sequence[str], later: str | None = None
) -> None:
    """Merge rows into a Delta table, or make it of them, as the quarantine of its first reject.

    Args:
        path: of the table.
        options: how its storage is reached.
        rows: the new rows.
        key: the columns by which a new row finds the old one.
        later: the condition under which the new one takes its place; always where there is none.

    Raises:
        deltalake.exceptions.DeltaError: the storage fails, or another writer was there.
    """
    if not DeltaTable.is_deltatable(path, options):
        make(path, options, rows)
    elif rows.num_rows:
        merge_arrow(rows, path, options, key, later)


def latest(rows: pa.Table) -> pa.Table:
    """Return the latest row per ind (`contracts.latest`)."""
    keys = [rows[_ARRIVED_AT], pc.utf8_length(rows[_NUMBER]), rows[_NUMBER]]
    places = pa.table(keys, ["arrived_at", "length", "number"])
    in_order = rows.take(pc.sort_indices(places, [(name, "ascending") for name in places.column_names]))
    last = {ind: number for number, ind in enumerate(in_order[KEY].to_pylist())}
    return in_order.take(pa.array(sorted(last.values()), pa.int64()))
