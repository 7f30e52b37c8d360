"""The rules for counts, numbers and times."""

import pytest
from chispa import assert_df_equality
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from contracts.tables import Table
from spark_jobs.cleaning import classify
from tests.raw_records import KEYS, cleaned_column, expected_column, raw

FOLLOWERS = [
    ("437", 437),
    (437, 437),
    ("0", 0),
    ("0437", 437),
    ("124k", 124_000),
    ("124K", 124_000),
    ("3M", 3_000_000),
    ("3m", 3_000_000),
    ("1.2k", 1_200),
    ("1.234k", 1_234),
    ("1.2340k", 1_234),
    ("1.234567M", 1_234_567),
    ("0.5k", 500),
    ("437.0", 437),
    ("1." + "0" * 1_000 + "k", 1_000),
    (" 9k\u00a0", 9_000),
    ("9223372036854775807", 2**63 - 1),
    ("9223372036854775.807k", 2**63 - 1),
    ("9223372036854M", 9223372036854_000_000),
    ("User Info Error", None),
    ("", None),
    (None, None),
]
UNREADABLE_FOLLOWERS = [
    "many",
    "1.2345k",
    "1.5",
    "1.2345678M",
    "1.0000000000000000000000000000000000000001k",
    "9223372036854775808",
    "9223372036854775.808k",
    "9" * 1_000 + "M",
    "1,234",
    "12 k",
    "3B",
    "-5",
    "+5",
    ".5k",
    "5.k",
    "k",
    "1.2.3k",
    "5kk",
    "1e3",
    "٤٣٧",
    "5 000",
    True,
    [5],
    {"a": 5},
]

TIMES = [
    ("2020-08-28T03:52:47", "2020-08-28T03:52:47Z"),
    ("2020-08-28 03:52:47", "2020-08-28T03:52:47Z"),
    (" 2020-08-28T03:52:47\n", "2020-08-28T03:52:47Z"),
    ("2020-08-28T03:52:47Z", "2020-08-28T03:52:47Z"),
    ("2020-08-28T03:52:47+0000", "2020-08-28T03:52:47Z"),
    ("2020-08-28T03:52:47+00:00", "2020-08-28T03:52:47Z"),
    ("2020-08-28T03:52:47+0530", "2020-08-27T22:22:47Z"),
    ("2020-08-28 03:52:47-08:00", "2020-08-28T11:52:47Z"),
    ("2020-08-28T03:52:47.5", "2020-08-28T03:52:47.500000Z"),
    ("2020-08-28T03:52:47.1234567", "2020-08-28T03:52:47.123456Z"),
    ("2020-08-28T03:52:47.999999999+0000", "2020-08-28T03:52:47.999999Z"),
    ("2020-02-29T23:59:59", "2020-02-29T23:59:59Z"),
    # Local midnights and hours that some zones skip or repeat.
    ("2021-03-14T02:30:00", "2021-03-14T02:30:00Z"),
    ("1986-01-01T00:05:00", "1986-01-01T00:05:00Z"),
    ("0001-01-01T00:00:00", "0001-01-01T00:00:00Z"),
    ("9999-12-31T23:59:59.999999", "9999-12-31T23:59:59.999999Z"),
    (None, None),
    ("", None),
    (" \u00a0", None),
]
UNREADABLE_TIMES = [
    "2020-08-28",
    "2020-08-28T24:00:00",
    "2020-08-28T23:59:60",
    "2020-08-28T23:60:00",
    "2020-08-28T03:52",
    "2020-08-28T3:52:47",
    "20-08-28T03:52:47",
    "2021-02-29T00:00:00",
    "2020-13-01T00:00:00",
    "2020-00-10T00:00:00",
    "2020-04-31T00:00:00",
    "0000-01-01T00:00:00",
    "0001-01-01T00:00:00+01:00",
    "9999-12-31T23:59:59-01:00",
    "12020-08-28T03:52:47",
    "2020-08-28T03:52:47.",
    "2020-08-28T03:52:47,5",
    "2020-08-28T03:52:47+1900",
    "2020-08-28T03:52:47+5",
    "2020-08-28T03:52:47 UTC",
    "2020-08-28T03:52:47 Europe/Paris",
    "2020-08-28t03:52:47z",
    "28/08/2020 03:52:47",
    "now",
    "epoch",
    "many",
    1598586767,
    True,
    {"a": 1},
]
TIME_COLUMNS: list[tuple[Table, str]] = [("geo", "timestamp"), ("user", "date_joined")]

AGES = [(0, 0), (20, 20), (150, 150), ("36", 36), (-0, 0), (None, None), ("", None)]
REFUSED_AGES = [
    *((age, "age_out_of_range") for age in (-1, 151, 2**31, 10**30, "200")),
    *((age, "age_unreadable") for age in ("many", 25.5, 25.0, 1e30, True, [25], "NaN", "25 years")),
]

PLACES = [
    ((-89.9787, -173.293), [-89.9787, -173.293]),
    ((90, -180), [90.0, -180.0]),
    ((-90, 180), [-90.0, 180.0]),
    ((0, 0), [0.0, 0.0]),
    (("12.5", "1e1"), [12.5, 10.0]),
    ((None, 5), None),
    ((5, None), None),
    ((5, ""), None),
    ((None, None), None),
]
REFUSED_PLACES = [
    ((90.000001, 0), ["latitude_out_of_range"]),
    ((-90.5, None), ["latitude_out_of_range"]),
    ((1e300, -180.1), ["latitude_out_of_range", "longitude_out_of_range"]),
    ((None, 181), ["longitude_out_of_range"]),
    (("north", 0), ["latitude_unreadable"]),
    (("NaN", "Infinity"), ["latitude_unreadable", "longitude_unreadable"]),
    ((True, [1]), ["latitude_unreadable", "longitude_unreadable"]),
    (("1.5d", "0x1p3"), ["latitude_unreadable", "longitude_unreadable"]),
]


def test_follower_count(spark: SparkSession) -> None:
    given = [*(given for given, _ in FOLLOWERS), *UNREADABLE_FOLLOWERS]
    counts = [*(count for _, count in FOLLOWERS), *(None for _ in UNREADABLE_FOLLOWERS)]
    cleaned = cleaned_column(spark, "pin", [{"follower_count": value} for value in given], "follower_count")
    assert_df_equality(cleaned, expected_column(spark, "bigint", counts), ignore_nullable=True)


def test_an_unreadable_follower_count_is_warned_of(spark: SparkSession) -> None:
    given = [*(given for given, _ in FOLLOWERS), *UNREADABLE_FOLLOWERS]
    records = raw(spark, [{"index": 1, "follower_count": value} for value in given])
    warnings = [row.warnings for row in classify(records, "pin").orderBy("offset").collect()]
    assert warnings[: len(FOLLOWERS)] == [[]] * len(FOLLOWERS)
    assert warnings[len(FOLLOWERS) :] == [["follower_count_unreadable"]] * len(UNREADABLE_FOLLOWERS)


@pytest.mark.parametrize(("table", "column"), TIME_COLUMNS)
def test_times_are_utc_whatever_the_session_has(spark: SparkSession, table: Table, column: str) -> None:
    given = [{column: value} for value, _ in TIMES]
    micros = fn.unix_micros(f"row.{column}")
    cleaned = cleaned_column(spark, table, given, micros)
    times = expected_column(spark, "string", [time for _, time in TIMES])
    expected = times.withColumn("result", fn.unix_micros(fn.col("result").cast("timestamp")))
    assert_df_equality(cleaned, expected, ignore_nullable=True)


@pytest.mark.parametrize(("table", "column"), TIME_COLUMNS)
def test_unreadable_times_are_refused(spark: SparkSession, table: Table, column: str) -> None:
    records = raw(spark, [{KEYS[table]: 1, column: value} for value in UNREADABLE_TIMES])
    reasons = [(row.value, row.reasons) for row in classify(records, table).collect()]
    assert reasons == [(value, [f"{column}_unreadable"]) for value, _ in reasons]


def test_age(spark: SparkSession) -> None:
    cleaned = cleaned_column(spark, "user", [{"age": given} for given, _ in AGES], "age")
    expected = expected_column(spark, "int", [age for _, age in AGES])
    assert_df_equality(cleaned, expected, ignore_nullable=True)


def test_refused_ages(spark: SparkSession) -> None:
    records = raw(spark, [{"ind": 1, "age": given} for given, _ in REFUSED_AGES])
    reasons = [row.reasons for row in classify(records, "user").orderBy("offset").collect()]
    assert reasons == [[reason] for _, reason in REFUSED_AGES]


def test_coordinates(spark: SparkSession) -> None:
    given = [{"latitude": latitude, "longitude": longitude} for (latitude, longitude), _ in PLACES]
    cleaned = cleaned_column(spark, "geo", given, "coordinates")
    expected = expected_column(spark, "array<double>", [place for _, place in PLACES])
    assert_df_equality(cleaned, expected, ignore_nullable=True)


def test_refused_coordinates(spark: SparkSession) -> None:
    records = [{"ind": 1, "latitude": lat, "longitude": lon} for (lat, lon), _ in REFUSED_PLACES]
    reasons = [row.reasons for row in classify(raw(spark, records), "geo").orderBy("offset").collect()]
    assert reasons == [expected for _, expected in REFUSED_PLACES]
