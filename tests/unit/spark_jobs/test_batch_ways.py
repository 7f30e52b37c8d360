"""Both ways of a run's records come to the same, whatever the verdicts."""

import json
from typing import Any

import pyarrow as pa
import pytest
from pyspark.sql import DataFrame, SparkSession

from contracts.tables import TABLES, Table
from spark_jobs.batch.ways import Way, in_process, spread
from spark_jobs.schemas import landed

POSTS: dict[Table, dict[str, Any]] = {
    "pin": {"index": 1, "title": "a", "tag_list": "b,c", "follower_count": "2k"},
    "geo": {
        "ind": 1,
        "timestamp": "2020-01-02T03:04:05",
        "latitude": 1.5,
        "longitude": -2.5,
        "country": "Chad",
    },
    "user": {"ind": 1, "first_name": "A", "last_name": "B", "age": 30, "date_joined": "2016-01-02T03:04:05"},
}


def records(spark: SparkSession, table: Table) -> DataFrame:
    """Accepted ones, one of them twice, and such as are rejected or warned of."""
    key, *_ = POSTS[table]
    good = [json.dumps(POSTS[table] | {key: ind}) for ind in (1, 2, 3, 2, -1)]
    warned = json.dumps(POSTS[table] | {key: 7, "follower_count": "many", "age": None})
    values = [*good, "{", None, json.dumps({key: "x"}), json.dumps({}), warned]
    rows = [
        (f"t.{table}", 0, 100, len(values), 100 + offset, value, None) for offset, value in enumerate(values)
    ]
    return spark.createDataFrame(rows, landed(table))


def outcome(way: Way[Any], found: DataFrame, table: Table) -> tuple[Any, ...]:
    staged = way.stage(found, table)
    rows, others = way.latest(staged)
    rejected = way.together([way.quarantined(staged), way.quarantined(staged)])
    return way.tally(staged), others, *(as_arrow(each) for each in (rows, rejected))


def as_arrow(rows: DataFrame | pa.Table) -> tuple[pa.Schema, list[str]]:
    table = rows.toArrow() if isinstance(rows, DataFrame) else rows
    return table.schema, sorted(map(str, table.to_pylist()))


@pytest.mark.parametrize("table", TABLES)
def test_both_come_to_the_same(spark: SparkSession, table: Table) -> None:
    found = records(spark, table)
    by_spark, here = (outcome(way, found, table) for way in (spread(), in_process(None)))
    assert here == by_spark
    tally, others, (_, rows), (_, rejected) = here
    assert (tally.accepted, tally.quarantined, others, len(rows), len(rejected)) == (6, 4, 1, 5, 8)


@pytest.mark.parametrize("table", TABLES)
def test_no_record_at_all(spark: SparkSession, table: Table) -> None:
    found = records(spark, table).where("false")
    by_spark, here = (outcome(way, found, table) for way in (spread(), in_process(None)))
    assert here == by_spark
