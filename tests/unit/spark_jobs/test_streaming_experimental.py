"""Posts of the topic pinterest-streaming: every field by the cleaner's rules, `downloaded` too."""

from typing import Any

import pytest
from pyspark.sql import Row, SparkSession

from spark_jobs.streaming.experimental import validate


def checked(spark: SparkSession, *values: str) -> list[Row]:
    places = [("t", 0, offset, value) for offset, value in enumerate(values)]
    records = spark.createDataFrame(places, "topic string, partition int, offset bigint, value string")
    return validate(records).orderBy("offset").collect()


def post(**fields: str) -> str:
    """A post's JSON, of fields that are JSON already."""
    given = {"index": "1", **fields}
    return "{" + ", ".join(f'"{name}": {value}' for name, value in given.items()) + "}"


READABLE = {"0": 0, "1": 1, "1.0": 1, "1e0": 1, '"1"': 1, '" 1 "': 1, "-1": -1, "2147483647": 2**31 - 1}
UNKNOWN = ("null", '""', '" "')
UNREADABLE = ("true", "false", '"true"', "0.5", "2147483648", "1e400", '"yes"', "[1]", "{}", '"1k"')


def test_downloaded_is_a_whole_number_or_is_warned_of(spark: SparkSession) -> None:
    cases: list[tuple[str, Any, int]] = [
        *((text, number, 0) for text, number in READABLE.items()),
        *((text, None, 0) for text in UNKNOWN),
        *((text, None, 1) for text in UNREADABLE),
    ]
    rows = checked(spark, *(post(category='"art"', downloaded=text) for text, _, _ in cases))
    found = [(text, row.downloaded, row.warnings) for (text, _, _), row in zip(cases, rows, strict=True)]
    assert found == cases
    assert all(row.reasons == [] and row.raw is None and row.category == "art" for row in rows)


@pytest.mark.parametrize("last", ['"index": 1', '"title": "]"'])
def test_of_a_key_given_twice_the_last_counts_whichever_it_is(spark: SparkSession, last: str) -> None:
    twice = (
        '{"index": 7, "category": "one", "downloaded": 0, "follower_count": "1", '
        f'"category": "two", "downloaded": 1, "follower_count": "2", {last}}}'
    )
    [row] = checked(spark, twice)
    assert (row.category, row.downloaded, row.follower_count) == ("two", 1, 2)


def test_a_rejected_record_has_its_text_and_no_fields(spark: SparkSession) -> None:
    [row] = checked(spark, '{"downloaded": 1}')
    assert (row.reasons, row.raw, row.downloaded) == (["no_ind"], '{"downloaded": 1}', None)
