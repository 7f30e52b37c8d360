"""A column that is newer than the batch path's Delta table: on local files."""

from pathlib import Path

from pyspark.sql import SparkSession

from spark_jobs.sinks.delta_writers import SparkWriter

PLACE = "source_partition int, source_offset bigint"


def test_a_merge_adds_the_column_and_keeps_every_row(spark: SparkSession, tmp_path: Path) -> None:
    path = str(tmp_path / "pin")
    SparkWriter().replace(
        spark.createDataFrame([(1, "a", 0, 5), (2, "b", 0, 6)], f"ind int, title string, {PLACE}"), path
    )
    newer = [(2, "c", "cats", 0, 7), (3, "d", None, 0, 8)]
    rows = spark.createDataFrame(newer, f"ind int, title string, board_name string, {PLACE}")
    assert SparkWriter().merge(rows, path) == 2
    stored = spark.read.format("delta").load(path).select("ind", "title", "board_name", "source_offset")
    assert sorted(map(tuple, stored.collect())) == [
        (1, "a", None, 5),
        (2, "c", "cats", 7),
        (3, "d", None, 8),
    ]
