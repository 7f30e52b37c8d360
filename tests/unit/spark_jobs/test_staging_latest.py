"""The latest row of each ind: which it is, and how many others there were."""

from collections.abc import Iterable

from pyspark.sql import SparkSession

from spark_jobs.batch.staging import latest

PLACED = "ind int, title string, source_partition int, source_offset bigint"
Placed = tuple[int, str, int, int]
INTS = (-(2**31), -65, -64, -63, -1, 0, 1, 63, 64, 2**31 - 1)
ROWS: list[Placed] = [(ind, "a", 0, offset) for offset, ind in enumerate(INTS)]


def latest_of(spark: SparkSession, rows: Iterable[Placed]) -> tuple[list[Placed], int]:
    kept, surplus = latest(spark.createDataFrame([*rows], PLACED))
    return sorted(tuple(row) for row in kept.collect()), surplus


def test_rows_of_different_keys_are_all_kept(spark: SparkSession) -> None:
    assert latest_of(spark, ROWS) == (sorted(ROWS), 0)


def test_repeated_keys_are_found_among_their_neighbours(spark: SparkSession) -> None:
    newer = [(ind, "b", 0, len(INTS)) for ind in INTS[::3]]
    others = [row for row in ROWS if row[0] not in INTS[::3]]
    assert latest_of(spark, newer + ROWS) == (sorted(newer + others), len(newer))


def test_the_highest_offset_wins_then_the_partition(spark: SparkSession) -> None:
    rows = [(1, "a", 2, 5), (1, "b", 0, 7), (1, "c", 1, 7), (2, "d", 0, 1), (2, "e", 1, 0), (3, "f", 0, 0)]
    assert latest_of(spark, rows) == ([(1, "c", 1, 7), (2, "d", 0, 1), (3, "f", 0, 0)], 3)


def test_no_row_at_all(spark: SparkSession) -> None:
    assert latest_of(spark, []) == ([], 0)
