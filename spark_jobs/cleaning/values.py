"""The rules for text that stands for a number or a time.

None of these raises in ANSI mode: what cannot be read is null, and the caller says what that means.
"""

from pyspark.sql import Column
from pyspark.sql import functions as fn

_COUNT = r"\A(\d++)(?:\.(\d++))?([kKmM]?)\z"
_INTEGER = r"\A-?\d++\z"
_NUMBER = r"\A-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?\z"
_LOCAL_TIME = r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d++)?\z"
_ZONED_TIME = r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d++)?(?:Z|[+-]\d\d:?\d\d)\z"
# The years that Delta, Postgres and Python's datetime all hold; an offset can lead out of them.
_FIRST_TIME, _LAST_TIME = "0001-01-01 00:00:00Z", "9999-12-31 23:59:59.999999Z"


def count(text: Column) -> Column:
    """`437`, `124k`, `1.2k`, `3M` as an exact bigint; null if it is not whole or does not fit."""
    # Not `lower`: its first use loads the tables of all languages, a second of CPU.
    lower = fn.translate(text, "KM", "km")
    zeros = fn.replace(fn.replace(lower, fn.lit("k"), fn.lit("000")), fn.lit("m"), fn.lit("000000"))
    digits = fn.when(text.contains("."), _scaled(text)).otherwise(zeros)
    return fn.when(text.rlike(_COUNT), digits.try_cast("bigint"))


def is_integer(text: Column) -> Column:
    """Return whether the text is a whole number of any size."""
    return text.rlike(_INTEGER)


def integer(text: Column) -> Column:
    """The text as int; null if it is not a whole number or does not fit."""
    return fn.when(is_integer(text), text.try_cast("int"))


def number(text: Column) -> Column:
    """The text as double; null if it is not a JSON number."""
    return fn.when(text.rlike(_NUMBER), text.try_cast("double"))


def whole(text: Column) -> Column:
    """The text as int; null if it is not a JSON number that is whole, `1.0` included, or does not fit."""
    value = number(text)
    return fn.when(value % 1 == 0, value.try_cast("int"))


def instant(text: Column) -> Column:
    """`2020-08-28T03:52:47`, with a blank for the T, fractional seconds, Z or an offset, as a timestamp.

    Without a zone it is UTC, whatever the session's zone; finer than microseconds is cut.
    """
    zoned = fn.when(text.rlike(_LOCAL_TIME), fn.concat(text, fn.lit("Z"))).when(text.rlike(_ZONED_TIME), text)
    return zoned.try_cast("timestamp")


def is_served(time: Column) -> Column:
    """Return whether a timestamp is of the years that Delta, Postgres and Python all hold: 1..9999, in UTC."""
    return time.between(*(fn.lit(bound).cast("timestamp") for bound in (_FIRST_TIME, _LAST_TIME)))


def _scaled(text: Column) -> Column:
    """The digits of a decimal count, its point moved by its unit; null if that leaves a fraction."""
    whole, fraction, unit = (fn.regexp_extract(text, _COUNT, group) for group in (1, 2, 3))
    places = fn.when(unit == "", 0).when(unit.isin("k", "K"), 3).otherwise(6)
    decimals = fn.rtrim(fraction, fn.lit("0"))
    return fn.when(fn.length(decimals) <= places, fn.concat(whole, fn.rpad(decimals, places, "0")))
