"""The cleaning rules: DataFrame of raw records -> DataFrame of cleaned rows.

Raw records have a column `value string`, the JSON text or null; other columns pass through `classify` and
`rejected` untouched. `clean_*` and `rejected` also take records whose fields are columns, as `spark.read.json` gives
them. All functions are pure: no action, no shuffle, no Python UDF, no look at the clock or at
the session's time zone; they never raise for what a record holds.
"""

from pyspark.sql import DataFrame

from contracts.tables import Table
from spark_jobs.cleaning import records
from spark_jobs.cleaning.frames import raw_records
from spark_jobs.cleaning.reasons import REASONS, WARNINGS
from spark_jobs.cleaning.records import PLAIN, classify, keys

__all__ = [
    "PLAIN",
    "REASONS",
    "WARNINGS",
    "classify",
    "clean",
    "clean_geo",
    "clean_pin",
    "clean_user",
    "keys",
    "rejected",
]


def clean(df: DataFrame, table: Table) -> DataFrame:
    """Return a table's raw records as cleaned rows, row for row; refused records are left out (see `rejected`).

    Raises:
        ValueError: `df` has neither `value` nor a column of the table.
    """
    return records.clean(raw_records(df, table), table)


def clean_pin(df: DataFrame) -> DataFrame:
    """Raw records of pin -> cleaned posts, row for row; refused records are left out (see `rejected`)."""
    return clean(df, "pin")


def clean_geo(df: DataFrame) -> DataFrame:
    """Raw records of geo -> cleaned places and times, row for row; refused records are left out."""
    return clean(df, "geo")


def clean_user(df: DataFrame) -> DataFrame:
    """Raw records of user -> cleaned users, row for row; refused records are left out."""
    return clean(df, "user")


def rejected(df: DataFrame, table: Table) -> DataFrame:
    """Return the records that `clean_*` leaves out: the columns of `df`, `value` and `reasons array<string>`."""
    return records.rejected(raw_records(df, table), table)
