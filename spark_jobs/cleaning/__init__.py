"""The cleaning rules: DataFrame of raw records -> DataFrame of cleaned rows.

Raw records have a column `value string`, the JSON text or null; other columns pass through `classify` and
`rejected` untouched. All functions are pure: no action, no shuffle, no Python UDF, no look at the clock or at
the session's time zone; they never raise for what a record holds.
"""

from pyspark.sql import DataFrame

from spark_jobs.cleaning.reasons import REASONS, WARNINGS
from spark_jobs.cleaning.records import PLAIN, classify, clean, keys, rejected

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


def clean_pin(df: DataFrame) -> DataFrame:
    """Raw records of pin -> cleaned posts, row for row; refused records are left out (see `rejected`)."""
    return clean(df, "pin")


def clean_geo(df: DataFrame) -> DataFrame:
    """Raw records of geo -> cleaned places and times, row for row; refused records are left out."""
    return clean(df, "geo")


def clean_user(df: DataFrame) -> DataFrame:
    """Raw records of user -> cleaned users, row for row; refused records are left out."""
    return clean(df, "user")
