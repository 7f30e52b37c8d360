"""Records that a notebook has parsed are cleaned as their JSON texts are: same rows, same verdicts."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as fn

from contracts.rows import columns
from contracts.tables import TABLES, Table
from services.source.generator import generate
from spark_jobs.cleaning import classify, clean, clean_pin, clean_user, rejected
from tests.raw_records import KEYS, raw
from tests.unit.spark_jobs import test_cleaning_text as texts
from tests.unit.spark_jobs import test_cleaning_values as values

# All of a table in one frame, since most of a test's time is to build its plans. Each record has one of the fields, so
# a column's type is that of the values of its field alone.
FIELDS: dict[Table, list[dict[str, Any]]] = {
    "pin": [
        *({"title": given} for given, _ in texts.TEXTS),
        *({"tag_list": given} for given, _ in texts.TAGS),
        *({"save_location": given} for given, _ in texts.PATHS),
        *({"follower_count": given} for given in (*dict(values.FOLLOWERS), *values.UNREADABLE_FOLLOWERS)),
    ],
    "geo": [
        *({"timestamp": given} for given in (*dict(values.TIMES), *values.UNREADABLE_TIMES)),
        *(
            {"latitude": latitude, "longitude": longitude}
            for (latitude, longitude), _ in (*values.PLACES, *values.REFUSED_PLACES)
        ),
    ],
    "user": [{"age": given} for given, _ in (*values.AGES, *values.REFUSED_AGES)],
}


def parsed(spark: SparkSession, records: Sequence[str]) -> DataFrame:
    return spark.read.json(spark.sparkContext.parallelize(records, 1))


def assert_same_through_both_doors(spark: SparkSession, table: Table, records: list[str]) -> None:
    verdicts = classify(raw(spark, records), table).orderBy("offset")
    rows = verdicts.select(fn.isnotnull("row").alias("accepted"), "reasons", "row.*")
    judged = _comparable(rows).collect()
    frame = parsed(spark, records)
    assert _comparable(clean(frame, table)).collect() == [row[2:] for row in judged if row.accepted]
    refused = [row.reasons for row in judged if not row.accepted]
    assert [row.reasons for row in rejected(frame, table).select("reasons").collect()] == refused


def _comparable(rows: DataFrame) -> DataFrame:
    """Return the rows with times in microseconds: Python's have no year 0, which 0001 is in some zones."""
    times = [name for name, kind in rows.dtypes if kind == "timestamp"]
    return rows.withColumns({name: fn.unix_micros(name) for name in times})


@pytest.mark.parametrize("table", FIELDS)
def test_the_cases_of_the_rules(spark: SparkSession, table: Table) -> None:
    numbered = [{KEYS[table]: number} | given for number, given in enumerate(FIELDS[table])]
    assert_same_through_both_doors(spark, table, [json.dumps(record) for record in numbered])


@pytest.mark.parametrize("table", TABLES)
def test_rows_of_the_source(spark: SparkSession, table: Table) -> None:
    [rows] = generate(table, 60, seed=7)
    records = [{name: getattr(row, name) for name in columns(table)} for row in rows]
    assert_same_through_both_doors(
        spark, table, [json.dumps(record, default=datetime.isoformat) for record in records]
    )


def test_records_that_are_no_json(spark: SparkSession) -> None:
    records = ['{"index": 1, "title": "a"}', '{"index": 2, "title"', '{"title": "b"}']
    assert_same_through_both_doors(spark, "pin", records)


def test_records_of_another_table(spark: SparkSession) -> None:
    records = ['{"index": 1, "title": "a"}', '{"index": 2, "country": "Peru"}']
    assert_same_through_both_doors(spark, "pin", records)


def test_a_column_has_one_type_so_a_key_is_read_by_its_value(spark: SparkSession) -> None:
    records = ['{"ind": "7", "age": 20}', '{"ind": 8, "age": 30}', '{"ind": "x", "age": 40}', '{"age": 50}']
    frame = parsed(spark, records)
    assert [(row.ind, row.age) for row in clean_user(frame).collect()] == [(7, 20), (8, 30)]
    assert [row.reasons for row in rejected(frame, "user").collect()] == [["bad_ind"], ["no_ind"]]
    wide = spark.createDataFrame([(9.0,), (9.5,), (3e9,)], "ind double")
    assert [row.ind for row in clean_user(wide).collect()] == [9]
    assert [row.reasons for row in rejected(wide, "user").collect()] == [["bad_ind"], ["bad_ind"]]


def test_times_that_are_columns_of_times(spark: SparkSession) -> None:
    at = datetime(2020, 8, 28, 3, 52, 47, 123456, tzinfo=UTC)
    frame = spark.createDataFrame([(1, at), (2, None)], "ind int, date_joined timestamp")
    joined = [row.date_joined for row in clean_user(frame).select(_micros()).collect()]
    assert joined == [int(at.timestamp()) * 1_000_000 + 123456, None]
    dates = spark.createDataFrame([(1, date(2020, 8, 28))], "ind int, date_joined date")
    assert clean_user(dates).select(_micros()).first() == (1_598_572_800_000_000,)
    local = spark.createDataFrame([(1, at.replace(tzinfo=None))], "ind int, date_joined timestamp_ntz")
    assert clean_user(local).select(_micros()).first() == (joined[0],)


def test_some_columns_are_enough(spark: SparkSession) -> None:
    frame = spark.createDataFrame([(1, "a", 5)], "index int, title string, mine int")
    [post] = clean_pin(frame).collect()
    assert (post.ind, post.title, post.category) == (1, "a", None)


def test_a_frame_of_something_else_is_an_error(spark: SparkSession) -> None:
    with pytest.raises(ValueError, match=r"expected a column `value`.*not data, shardId"):
        clean_pin(spark.createDataFrame([(b"", "")], "data binary, shardId string"))


def _micros() -> Column:
    return fn.unix_micros("date_joined").alias("date_joined")
