"""Streaming queries and a notebook's time limit."""

import time

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from common.wait import wait_until
from workspace.run.limit import TimeLimitReached, time_limit

# A query starts within 2 s, and a micro-batch takes 2; the machine may be busy.
TIMEOUT_SECONDS = 60


def _slowly(number: int) -> int:
    time.sleep(0.5)
    return number


def test_time_limit_that_falls_while_a_stream_reads_is_no_failure_of_the_stream(spark: SparkSession) -> None:
    slow = fn.udf(_slowly, "long")
    endless = spark.readStream.format("rate-micro-batch").option("rowsPerBatch", 4).load()
    query = endless.coalesce(1).select(slow("value")).writeStream.format("noop").start()
    jobs = spark.sparkContext.statusTracker()
    wait_until(
        lambda: jobs.getJobIdsForGroup(str(query.runId)), timeout=TIMEOUT_SECONDS, what="a micro-batch"
    )
    with pytest.raises(TimeLimitReached), time_limit(spark, 0.5):
        query.processAllAvailable()
    try:
        wait_until(
            lambda: query.lastProgress or query.exception(),
            timeout=TIMEOUT_SECONDS,
            what="the micro-batch's end",
        )
        assert query.exception() is None
    finally:
        query.stop()
        spark.streams.resetTerminated()
