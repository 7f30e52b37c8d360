"""Test what is said of a streaming query's end: the one line of Spark's report that tells, and no more."""

import pytest

from spark_jobs.streaming.runner import short

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
