"""The latest row of each ind: which it is, and how many others there were."""

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.batch import held, staging

PLACED = "ind int, title string, source_partition int, source_offset bigint"
Placed = tuple[int, str, int, int]
INTS = (-(2**31), -65, -64, -63, -1, 0, 1, 63, 64, 2**31 - 1)
ROWS: list[Placed] = [(ind, "a", 0, offset) for offset, ind in enumerate(INTS)]


Latest = Callable[[Iterable[Placed]], tuple[list[Placed], int]]


def by_spark(rows: DataFrame) -> tuple[list[Any], int]:
    kept, surplus = staging.latest(rows)
    return kept.collect(), surplus


def in_process(rows: DataFrame) -> tuple[list[Any], int]:
    kept, surplus = held.latest(rows.toArrow())
    return [row.values() for row in kept.to_pylist()], surplus


@pytest.fixture(params=[by_spark, in_process])
def latest_of(spark: SparkSession, request: pytest.FixtureRequest) -> Latest:
    """Either way's latest rows, in the order of their keys, and the number of the others."""

    def found(rows: Iterable[Placed]) -> tuple[list[Placed], int]:
        kept, surplus = request.param(spark.createDataFrame([*rows], PLACED))
        return sorted(tuple(row) for row in kept), surplus

    return found


def test_rows_of_different_keys_are_all_kept(latest_of: Latest) -> None:
    assert latest_of(ROWS) == (sorted(ROWS), 0)


def test_repeated_keys_are_found_among_their_neighbours(latest_of: Latest) -> None:
    newer = [(ind, "b", 0, len(INTS)) for ind in INTS[::3]]
    others = [row for row in ROWS if row[0] not in INTS[::3]]
    assert latest_of(newer + ROWS) == (sorted(newer + others), len(newer))


def test_the_highest_offset_wins_then_the_partition(latest_of: Latest) -> None:
    rows = [(1, "a", 2, 5), (1, "b", 0, 7), (1, "c", 1, 7), (2, "d", 0, 1), (2, "e", 1, 0), (3, "f", 0, 0)]
    assert latest_of(rows) == ([(1, "c", 1, 7), (2, "d", 0, 1), (3, "f", 0, 0)], 3)


def test_no_row_at_all(latest_of: Latest) -> None:
    assert latest_of([]) == ([], 0)
