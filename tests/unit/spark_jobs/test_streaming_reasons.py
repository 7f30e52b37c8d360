"""Test what is said of a streaming query's end: the one line of Spark's report that tells, and no more."""

import pytest

from spark_jobs.streaming.runner import short, with_way_back

REPORT = """Query [id = 1] terminated with exception: it failed
org.apache.spark.SparkException: Job aborted
  at org.apache.spark.Something(Something.scala:1)
Caused by: java.net.ConnectException: Connection refused
"""


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (REPORT, "Caused by: java.net.ConnectException: Connection refused"),
        ("it ended by itself", "it ended by itself"),
        ("\n\n", "unknown"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + " ..."),
    ],
)
def test_a_reason_is_the_line_that_tells(reason: str, told: str) -> None:
    assert short(reason) == told


def of_python(error: str) -> str:
    """Return Spark's report of an error in a micro-batch's Python."""
    return f"""[FOREACH_BATCH_USER_FUNCTION_ERROR] An error occurred in the user provided function.
An exception was raised by the Python Proxy. Return Message: Traceback (most recent call last):
  File "spark_jobs/sinks/copying.py", line 90, in stage
    cursor.copy_expert(statement, rows)
{error}

  at py4j.Protocol.getReturnValue(Protocol.java:476)
"""


def test_an_error_of_postgres_is_told_by_any_name_of_it() -> None:
    missing = 'psycopg2.errors.UndefinedTable: relation "speed.pin" does not exist'
    assert short(of_python(f"{missing}\nLINE 1: TABLE speed.pin")) == missing


def test_a_full_disk_of_postgres_is_told_with_the_way_out() -> None:
    said = 'could not extend file "base/1/2": No space left on device'
    report = of_python(f"psycopg2.errors.DiskFull: {said}\nHINT:  Check free disk space.")
    assert with_way_back(report, "s3://b/c/") == (
        f"Postgres' disk is full: {said}. Free disk, and the query goes on"
    )


CUT = """Some data may have been lost because they are not available in Kafka any more;
either the data was aged out by Kafka or the topic may have been deleted before all the data in the
topic was processed.
Reason: Partition t-0 offset was changed from 251 to 1.
This could be either 1) a user error, or 2) the kafka topic-partition is deleted and re-created.
"""


def test_a_log_that_was_cut_is_told_with_the_way_back() -> None:
    assert with_way_back(CUT, "s3://b/c/") == (
        "Partition t-0 offset was changed from 251 to 1. Kafka's log was cut, or the topic made anew."
        " Remove s3://b/c/: the query then reads the topic from its start"
    )
    assert with_way_back(REPORT, "s3://b/c/") == short(REPORT)
