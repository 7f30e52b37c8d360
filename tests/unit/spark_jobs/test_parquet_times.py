"""Times of the years 1 to 9999 are the same for Spark and for what reads its files for Postgres and for verify."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from spark_jobs.cleaning import clean_geo
from spark_jobs.readers import parquet
from spark_jobs.sinks import copying
from tests.raw_records import raw
from tests.times import MICROS, TIMES

OUTPUT = "spark.sql.parquet.outputTimestampType"
MICROSECONDS = "TIMESTAMP_MICROS"


@pytest.fixture(scope="module")
def folders(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The cleaned times as Spark writes them, by its kind of time."""
    records = [{"ind": ind, "timestamp": text} for ind, text in enumerate(TIMES)]
    rows = clean_geo(raw(spark, records)).select("ind", "timestamp").coalesce(1)
    found = {kind: tmp_path_factory.mktemp("parquet") / kind for kind in ("INT96", MICROSECONDS)}
    before = spark.conf.get(OUTPUT)
    for kind, folder in found.items():
        spark.conf.set(OUTPUT, kind)
        rows.write.parquet(str(folder))
    spark.conf.set(OUTPUT, before or "INT96")
    return found


def read(*folders: Path) -> pa.Table:
    files = [str(file) for folder in folders for file in sorted(folder.glob("*.parquet"))]
    return parquet.dataset(files, LocalFileSystem()).to_table()


def by_ind(rows: pa.Table) -> dict[int, int]:
    return dict(zip(rows["ind"].to_pylist(), rows["timestamp"].cast(pa.int64()).to_pylist(), strict=True))


@pytest.mark.parametrize(
    "kinds", [["INT96"], [MICROSECONDS], ["INT96", MICROSECONDS], [MICROSECONDS, "INT96"]]
)
def test_files_of_either_kind_and_of_both_give_the_times_that_were_sent(
    folders: dict[str, Path], kinds: Sequence[str]
) -> None:
    rows = read(*(folders[kind] for kind in kinds))
    assert len(rows) == len(TIMES) * len(kinds)
    assert by_ind(rows) == MICROS


@pytest.mark.parametrize("kind", ["INT96", MICROSECONDS])
def test_copy_is_told_that_they_are_utc(folders: dict[str, Path], kind: str) -> None:
    rows = read(folders[kind]).sort_by("ind").select(["timestamp"])
    lines = b"".join(copying.to_csv(rows.to_batches())).decode().splitlines()
    assert lines[0] == "0001-01-01 00:00:00.000000Z"
    assert lines[-1] == "9999-12-31 23:59:59.999999Z"
    assert all(line.endswith("Z") for line in lines)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "+00:00"])
def test_times_of_other_writers_are_in_microseconds_of_utc_as_well(
    tmp_path: Path, unit: str, zone: str | None
) -> None:
    times = pa.array([0, 1_000], pa.int64()).cast(pa.timestamp(unit, zone))
    (tmp_path / "x").mkdir()
    pq.write_table(pa.table({"ind": [0, 1], "timestamp": times}), tmp_path / "x" / "0.parquet")
    seconds = {"ms": 1, "us": 1_000, "ns": 1_000_000}[unit]
    assert by_ind(read(tmp_path / "x")) == {0: 0, 1: 1_000_000 // seconds}


def test_spark_reads_what_arrow_writes(spark: SparkSession, tmp_path: Path) -> None:
    """As delta-rs does for the speed path: its files do not say that Spark's calendar is meant."""
    times = pa.array(list(MICROS.values()), pa.int64()).cast(pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"ind": list(MICROS), "timestamp": times}), tmp_path / "0.parquet")
    rows = spark.read.parquet(str(tmp_path)).select("ind", fn.unix_micros("timestamp")).collect()
    assert {row[0]: row[1] for row in rows} == MICROS
