"""Notebooks' time limits, and their streams."""

import signal
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest
from py4j.protocol import Py4JJavaError
from pyspark.errors import StreamingQueryException
from pyspark.sql import SparkSession

from common.wait import wait_until
from tests.unit.workspace.notebook_files import write
from workspace.run.limit import Interrupted, ctrl_c
from workspace.run.notebooks import NOTEBOOK_ERRORS, Notebooks


def test_time_limit_ends_a_loop(tmp_path: Path, notebooks: Notebooks) -> None:
    path = write(
        tmp_path,
        "a.py",
        "x = 1",
        "while True:\n    try:\n        x += 1\n    except Exception:\n        pass",
    )
    with pytest.raises(TimeoutError, match=r"a\.py, cell 2 was ended: 0\.5 seconds are over"):
        notebooks.run(path, {}, 0.5)


def test_time_limit_ends_a_job_of_spark(tmp_path: Path, notebooks: Notebooks, spark: SparkSession) -> None:
    path = write(tmp_path, "a.py", "spark.range(1 << 50).selectExpr('max(id % 7)').collect()")
    with pytest.raises(TimeoutError, match=r"a\.py, cell 1 was ended: 2 seconds are over"):
        notebooks.run(path, {}, 2)
    tracker = spark.sparkContext.statusTracker()
    wait_until(lambda: not tracker.getActiveJobsIds(), timeout=60, what="the end of the job")
    path = write(tmp_path, "b.py", "dbutils.notebook.exit(spark.range(3).count())")
    assert notebooks.run(path, {}, 60) == "3"


def test_job_that_an_interrupted_statement_has_yet_to_start_is_ended_too(spark: SparkSession) -> None:
    """Between the statement and its job pass moments, in which there is no job to end."""
    with suppress(Interrupted), ctrl_c(spark):
        group = spark.sparkContext.getLocalProperty("spark.jobGroup.id") or ""
        signal.raise_signal(signal.SIGINT)
    assert spark.sparkContext.getLocalProperty("spark.jobGroup.id") != group
    assert spark.range(3).count() == 3
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", group)
    try:
        with pytest.raises(Py4JJavaError, match="cancelled job group"):
            spark.sparkContext.parallelize(range(3)).count()
    finally:
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", "")


def test_shuffle_that_an_interrupted_statement_has_yet_to_start_is_ended_too(spark: SparkSession) -> None:
    """Spark refuses a cancelled group's jobs, but not the stages that it plans adaptively, one by one."""
    with suppress(Interrupted), ctrl_c(spark):
        group = spark.sparkContext.getLocalProperty("spark.jobGroup.id") or ""
        signal.raise_signal(signal.SIGINT)
    spark.sparkContext.setLocalProperty("spark.jobGroup.id", group)
    watchdog = threading.Timer(60, spark.sparkContext.cancelAllJobs)
    watchdog.start()
    try:
        with pytest.raises(Py4JJavaError, match="after its statement was interrupted"):
            spark.range(1 << 50).selectExpr("max(id % 7)").collect()
    finally:
        watchdog.cancel()
        spark.sparkContext.setLocalProperty("spark.jobGroup.id", "")


def test_time_limit_of_a_notebook_that_another_runs_is_its_own(tmp_path: Path, notebooks: Notebooks) -> None:
    write(tmp_path, "loop.py", "while True: pass")
    path = write(
        tmp_path,
        "a.py",
        "try:\n    dbutils.notebook.run('loop', 1)\nexcept Exception as error:\n    said = str(error)",
        "dbutils.notebook.exit(said)",
    )
    assert notebooks.run(path, {}, 60) == (
        "the notebook loop failed: loop.py, cell 1 was ended: 1 seconds are over"
    )
    write(tmp_path, "loop.py", "import time\ntime.sleep(300)")
    with pytest.raises(TimeoutError, match=r"a\.py, cell 1 was ended: 0\.5 seconds are over"):
        notebooks.run(write(tmp_path, "a.py", "dbutils.notebook.run('loop', 100)"), {}, 0.5)


def test_stream_finds_its_table_after_a_time_limit(
    tmp_path: Path, notebooks: Notebooks, spark: SparkSession
) -> None:
    write(tmp_path, "loop.py", "while True: pass")
    path = write(
        tmp_path,
        "a.py",
        "try:\n    dbutils.notebook.run('loop', 1)\nexcept Exception:\n    pass",
        "stream = spark.readStream.format('rate').load().writeStream.format('delta')",
        f"stream.option('checkpointLocation', '{tmp_path / 'checkpoint'}').toTable('after_limit').stop()",
    )
    spark.sql(
        f"CREATE TABLE after_limit (timestamp TIMESTAMP, value LONG) USING delta LOCATION '{tmp_path / 'table'}'"
    )
    try:
        notebooks.run(path, {}, 60)
    finally:
        spark.sql("DROP TABLE after_limit")


def test_streams_read_what_is_there_and_end_with_the_notebook(
    tmp_path: Path, notebooks: Notebooks, spark: SparkSession, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.json").write_text('{"n": 1}\n{"n": 2}\n')
    read = f"stream = spark.readStream.schema('n int').json({str(tmp_path / 'in')!r})"
    path = write(
        tmp_path,
        "a.py",
        read,
        "display(stream)",
        "display(stream.groupBy().sum('n'), streamName='sums')",
        "query = stream.writeStream.format('memory').queryName('kept').start()",
    )
    notebooks.run(path, {})
    said = capsys.readouterr().out
    assert "display_query_1, micro-batch 0: 2 rows" in said
    assert "sums, micro-batch 0: 1 row" in said
    assert "kept: 2 rows read; stopped, since the notebook has ended." in said
    assert spark.streams.active == []
    assert [row.n for row in spark.table("kept").orderBy("n").collect()] == [1, 2]


def test_waiting_for_a_stream_ends_well_at_the_time_limit(
    tmp_path: Path,
    notebooks: Notebooks,
    spark: SparkSession,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The limit falls a second after the stream's start, however long that takes, and by then its time is over."""
    clock = SimpleNamespace(monotonic=iter([0.0, 100.0]).__next__)
    monkeypatch.setattr("workspace.run.notebooks.time", clock)
    path = write(
        tmp_path,
        "a.py",
        "query = spark.readStream.format('rate').load().writeStream.format('noop').start()",
        "import signal\nsignal.setitimer(signal.ITIMER_REAL, 1)\nquery.awaitTermination()",
        "never = 1",
    )
    notebooks.run(path, {}, 100)
    assert "a.py, cell 2 waited for a stream until 100 seconds were over" in capsys.readouterr().out
    assert spark.streams.active == []


def test_stream_that_fails_fails_its_notebook(
    tmp_path: Path, notebooks: Notebooks, spark: SparkSession
) -> None:
    failing = "spark.readStream.format('rate-micro-batch').option('rowsPerBatch', 2)"
    path = write(
        tmp_path,
        "a.py",
        f"{failing}.load().selectExpr('assert_true(value > 5)').writeStream.format('noop').start()",
    )
    with pytest.raises(NOTEBOOK_ERRORS, match="is not true"):
        notebooks.run(path, {})
    assert spark.streams.active == []


def test_stream_that_failed_is_no_failure_of_the_next_notebook(tmp_path: Path, notebooks: Notebooks) -> None:
    failing = "spark.readStream.format('rate-micro-batch').option('rowsPerBatch', 2)"
    started = f"{failing}.load().selectExpr('assert_true(value > 5)').writeStream.format('noop').start()"
    for cells in (
        [f"query = {started}"],
        [f"query = {started}", "query.processAllAvailable()"],
        [f"query = {started}", "query.exception() or query.awaitTermination(60)"],
    ):
        with pytest.raises(NOTEBOOK_ERRORS, match="is not true"):
            notebooks.run(write(tmp_path, "a.py", *cells), {})
        assert notebooks.run(write(tmp_path, "b.py", "dbutils.notebook.exit('well')"), {}) == "well"


def test_stream_of_the_calling_notebook_that_fails_fails_that_one(
    tmp_path: Path, notebooks: Notebooks
) -> None:
    write(
        tmp_path,
        "inner.py",
        "import time",
        "from pyspark.sql import SparkSession",
        "streams = SparkSession.getActiveSession().streams",
        "while streams.active:\n    time.sleep(0.05)",
        "raise KeyError('of the inner one')",
    )
    outer = write(
        tmp_path,
        "outer.py",
        "gate = spark.readStream.format('rate-micro-batch').option('rowsPerBatch', 2).load()",
        "query = gate.selectExpr('assert_true(value > 5)').writeStream.format('noop').start()",
        "try:\n    dbutils.notebook.run('inner', 60)\nexcept RuntimeError as error:\n    print(error)",
    )
    with pytest.raises(StreamingQueryException, match="is not true"):
        notebooks.run(outer, {})
