"""Times of all years that the cleaned tables hold, where formats and calendars differ, and what each of them is."""

from datetime import UTC, datetime, timedelta

# The ends of the years and of what 64-bit nanoseconds hold; the day after which Spark's older calendar skips ten, one
# that it lacks, and the year before which its readers once asked which calendar is meant.
TIMES = (
    "0001-01-01 00:00:00",
    "0999-12-31T23:59:59.999999",
    "1582-10-04T00:00:00.000001",
    "1582-10-10 12:00:00",
    "1677-09-21T00:12:43",
    "1899-12-31 23:59:59.123456",
    "1969-12-31T23:59:59.999999",
    "2020-02-29T12:00:00Z",
    "2262-04-11T23:47:17",
    "9999-12-31 00:00:00",
    "9999-12-31T23:59:59.999999",
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def micros(text: str) -> int:
    """A time as microseconds since 1970, by Python's calendar, which is today's for all years."""
    time = datetime.fromisoformat(text).replace(tzinfo=UTC)
    return (time - _EPOCH) // timedelta(microseconds=1)


MICROS = {ind: micros(text) for ind, text in enumerate(TIMES)}
