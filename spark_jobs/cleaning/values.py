"""The rules for text that stands for a number or a time.

None of these raises in ANSI mode: what cannot be read is null, and the caller says what that means.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

_COUNT = r"\A(\d++)(?:\.(\d++))?([kKmM]?)\z"
_INTEGER = r"\A-?\d++\z"
_NUMBER = r"\A-?\d++(?:\.\d++)?(?:[eE][+-]?\d++)?\z"
_LOCAL_TIME = r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d++)?\z"
_ZONED_TIME = r"\A\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d++)?(?:Z|[+-]\d\d:?\d\d)\z"
# The years that Delta, Postgres and Python's datetime all hold; an offset can lead out of them.
_FIRST_TIME, _LAST_TIME = "0001-01-01 00:00:00Z", "9999-12-31 23:59:59.999999Z"


def count(text: Column) -> Column:
    """`437`, `124k`, `1.2k`, `3M` as an exact bigint; null if it is not whole or does not fit."""
    part = [F.regexp_extract(text, _COUNT, group) for group in (1, 2, 3)]
    fraction = F.rtrim(part[1], F.lit("0"))
    zeros = F.when(part[2] == "", 0).when(F.lower(part[2]) == "k", 3).otherwise(6)
    digits = F.concat(part[0], F.rpad(fraction, zeros, "0"))
    return F.when(F.length(fraction) <= zeros, digits.try_cast("bigint"))


def is_integer(text: Column) -> Column:
    """Whether the text is a whole number of any size."""
    return text.rlike(_INTEGER)


def integer(text: Column) -> Column:
    """The text as int; null if it is not a whole number or does not fit."""
    return F.when(is_integer(text), text.try_cast("int"))


def number(text: Column) -> Column:
    """The text as double; null if it is not a JSON number."""
    return F.when(text.rlike(_NUMBER), text.try_cast("double"))


def instant(text: Column) -> Column:
    """`2020-08-28T03:52:47`, with a blank for the T, fractional seconds, Z or an offset, as a timestamp.

    Without a zone it is UTC, whatever the session's zone; finer than microseconds is cut.
    """
    zoned = F.when(text.rlike(_LOCAL_TIME), F.concat(text, F.lit("Z"))).when(text.rlike(_ZONED_TIME), text)
    time = zoned.try_cast("timestamp")
    first, last = (F.lit(bound).cast("timestamp") for bound in (_FIRST_TIME, _LAST_TIME))
    return F.when(time.between(first, last), time)
