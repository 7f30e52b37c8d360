"""Test what comes of a notebook in the process that runs submitted ones, on the unit tests' Spark."""

import io
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from common.settings import Settings
from common.wait import wait_until
from stack.local.isolated import make_settings
from workspace.dbutils import DBUtils
from workspace.folders import mounts_file
from workspace.jobs import worker
from workspace.jobs.application import worker_environment
from workspace.jobs.bounded import Bounded
from workspace.jobs.runs import Outcome
from workspace.mounts import Mount, MountTable

RunText = Callable[..., Outcome]
# A loop of Spark's is seen within a second; a busy machine took a hundred times that.
WAIT_SECONDS = 100.0


def _namespace(
    spark: SparkSession,
    settings: Settings,
    *,
    parameters: Mapping[str, str],
    run_notebook: Callable[[str, int, Mapping[str, str]], str],
) -> dict[str, Any]:
    utilities = DBUtils(spark, settings, parameters=parameters, run_notebook=run_notebook)
    return {"spark": spark, "dbutils": utilities}


@pytest.fixture
def run(tmp_path: Path, spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunText]:
    """Return a function that runs a cell's text; its output is `out.txt`."""
    settings = make_settings(tmp_path / "state")
    monkeypatch.setattr(worker, "notebook_session", lambda _: spark)
    monkeypatch.setattr(worker, "notebook_namespace", partial(_namespace, spark))
    before = signal.getsignal(signal.SIGINT)

    def run_text(
        text: str, seconds: float = 0, begin: Callable[[], None] = lambda: None, **parameters: str
    ) -> Outcome:
        path = tmp_path / "notebook.py"
        path.write_text(f"# Databricks notebook source\n{text}\n")
        job = {"path": str(path), "parameters": parameters, "seconds": seconds, "root": str(tmp_path)}
        return worker.run(settings, job | {"output": str(tmp_path / "out.txt")}, begin)

    yield run_text
    signal.signal(signal.SIGINT, before)


def test_a_notebook_has_its_parameters_and_leaves_its_value(run: RunText, tmp_path: Path) -> None:
    outcome = run("print('table', dbutils.widgets.get('table'))\ndbutils.notebook.exit(42)", table="pin")
    assert outcome == Outcome("SUCCESS", value="42")
    assert "table pin" in (tmp_path / "out.txt").read_text()


def test_a_notebook_finds_the_mounts_that_others_have_made_since_spark_started(
    run: RunText, tmp_path: Path
) -> None:
    seen = "spark.sparkContext._jsc.hadoopConfiguration().get('fs.viewfs.mounttable.default.link./mnt/posts')"
    mounts = MountTable(mounts_file(make_settings(tmp_path / "state")))
    mounts.add(Mount("/mnt/posts", "s3a://posts", f"file://{tmp_path}"))
    assert run(f"dbutils.notebook.exit({seen})").value == f"file://{tmp_path}"
    mounts.remove("/mnt/posts")
    assert run(f"dbutils.notebook.exit({seen})").value == "None"


def test_an_error_is_told_by_itself_and_by_its_line(run: RunText, tmp_path: Path) -> None:
    outcome = run("import sys\nprint('so far', file=sys.stderr)\n{}['key']")
    assert (outcome.result, outcome.error) == ("FAILED", "KeyError: 'key'")
    assert "notebook.py, cell 1, line 4 of the file" in outcome.trace
    assert "so far" in (tmp_path / "out.txt").read_text()


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("spark.table('nowhere').collect()", "AnalysisException: [TABLE_OR_VIEW_NOT_FOUND]"),
        ("dbutils.notebook.run('none')", "RuntimeError: the notebook none failed: no notebook none"),
    ],
)
def test_other_ends_fail_too(run: RunText, text: str, error: str) -> None:
    outcome = run(text)
    assert outcome.result == "FAILED"
    assert error in outcome.error + outcome.trace


def test_a_file_that_is_no_notebook_fails(run: RunText) -> None:
    outcome = run("# COMMAND ----------\n# MAGIC %scala\n# MAGIC 1")
    assert outcome.result == "FAILED"
    assert "Scala, which does not run here" in outcome.error


def test_a_loop_is_ended_by_its_time(run: RunText) -> None:
    outcome = run("while True:\n    pass", seconds=0.5)
    assert outcome.result == "TIMEDOUT"
    assert "0.5 seconds are over" in outcome.message


def test_a_loop_of_sparks_is_ended_by_a_signal(run: RunText, spark: SparkSession, tmp_path: Path) -> None:
    def interrupt() -> None:
        tracker = spark.sparkContext.statusTracker()
        wait_until(tracker.getActiveJobsIds, timeout=WAIT_SECONDS, what="the loop to run")
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    outcome = run("spark.range(1 << 50).selectExpr('max(id % 7)').collect()")
    thread.join()
    assert outcome.result == "CANCELED"
    assert run("dbutils.notebook.exit(spark.range(3).count())").value == "3"
    assert (tmp_path / "out.txt").exists()


def test_a_signal_counts_from_the_moment_that_the_service_is_told(run: RunText) -> None:
    interrupt = partial(os.kill, os.getpid(), signal.SIGINT)
    assert run("import time\ntime.sleep(600)", begin=interrupt).result == "CANCELED"


def test_spark_that_does_not_start_is_the_services_fault(
    run: RunText, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Settings) -> SparkSession:
        raise RuntimeError("S3 has no bucket")

    monkeypatch.setattr(worker, "notebook_session", fail)
    outcome = run("1")
    assert (outcome.life_cycle, outcome.error) == ("INTERNAL_ERROR", "RuntimeError: S3 has no bucket")


def test_a_notebook_that_prints_for_ever_does_not_fill_the_disk() -> None:
    file = io.StringIO()
    bounded = Bounded(file, limit=10)
    for _ in range(100):
        assert bounded.write("12345678") == 8
    assert file.getvalue() == "1234567812\n[more was printed than is kept]\n"


def test_notebooks_are_not_given_the_token() -> None:
    given = {"JOBS_API_TOKEN": "secret", "USER_ID": "me"}
    assert worker_environment(given) == {"USER_ID": "me", "PIPELINE_SERVICE": "jobs", "COLUMNS": "120"}
