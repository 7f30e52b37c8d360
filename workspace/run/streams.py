"""Streaming queries that a notebook started: at its end they read what is there, and are stopped."""

from collections.abc import Iterable

from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from workspace.run.limit import TimeLimitReached, time_limit

# A first micro-batch takes some 5 s, and a stream of the course's 1,000 posts twenty more; queries share the processor.
_DRAIN_SECONDS = 60.0


def running(spark: SparkSession) -> set[str]:
    """Return the run ids of the queries that are running."""
    return {query.runId for query in spark.streams.active}


def finish(spark: SparkSession, before: Iterable[str], *, bounded: bool) -> None:
    """Let the queries that run now, but did not before, process what has arrived; then stop them.

    Args:
        before: the run ids of queries that are not the notebook's.
        bounded: a time limit is in force; else the queries have a minute.

    Raises:
        StreamingQueryException: a query failed.
    """
    queries = [query for query in spark.streams.active if query.runId not in {*before}]
    try:
        with time_limit(spark, None if bounded else _DRAIN_SECONDS):
            for query in queries:
                query.processAllAvailable()
    except TimeLimitReached:
        print("More keeps coming, or takes longer than there is time for (AT_MOST=seconds gives more).")
    finally:
        stop(queries)


def stop(queries: Iterable[StreamingQuery]) -> None:
    """Stop queries and say what each has read."""
    for query in queries:
        query.stop()
        print(f"{query.name or query.id}: {_read(query)}; stopped, since the notebook has ended.")


def take_failure(spark: SparkSession, before: Iterable[str]) -> StreamingQueryException | None:
    """Return what ended a query of the notebook, if one failed, and forget it: the next notebook has no part in it.

    Spark keeps one such failure for the whole session, until it is told to forget it.

    Args:
        before: the run ids of queries that are not the notebook's. What ended one of them is kept, for whose it is.
    """
    try:
        # It has failed or not: the JVM waits for a millisecond at least, and pyspark takes whole seconds.
        spark.streams._jsqm.awaitAnyTermination(1)
    except StreamingQueryException as failure:
        if any(run_id in str(failure) for run_id in before):
            return None
        spark.streams.resetTerminated()
        return failure
    spark.streams.resetTerminated()
    return None


def _read(query: StreamingQuery) -> str:
    recent = query.recentProgress
    rows = sum(progress["numInputRows"] for progress in recent)
    forgotten = bool(recent) and recent[0]["batchId"] > 0
    return f"{'more than ' if forgotten else ''}{rows:,} row{'' if rows == 1 else 's'} read"
