"""A small local Spark session for the tests of the jobs' pure parts: the jobs' own JVM, and no server."""

import os
import sys
from collections.abc import Iterator

import hypothesis
import pytest
import structlog
from pyspark.sql import SparkSession

from spark_jobs.session.spark import submit_options
from stack.local.isolated import make_settings

# Neither UTC nor whole hours from it: a rule that reads the session's time zone shows.
TIME_ZONE = "Asia/Kathmandu"

# How long one example takes says more of the machine than of what is tested.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")


@pytest.fixture(autouse=True)
def logging_of_its_own() -> Iterator[None]:
    """Undo what a test has set up for logs: it is the process's, and writes to that test's captured output."""
    hook = sys.excepthook
    yield
    structlog.reset_defaults()
    sys.excepthook = hook


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Two threads, ANSI mode as in production (Spark 4's default)."""
    folder = tmp_path_factory.mktemp("spark")
    os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.sql.shuffle.partitions": "2",
        "spark.sql.session.timeZone": TIME_ZONE,
        "spark.sql.ansi.enabled": "true",
        # As in production: most of a test's time is to build its plan.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
        "spark.sql.legacy.parameterSubstitution.constantsOnly": "true",
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": (folder / "warehouse").as_uri(),
        "spark.databricks.delta.snapshotPartitions": "2",  # as in production: each commit has 50 tasks otherwise
        **submit_options(make_settings(folder), brief=True),
    }
    builder = SparkSession.builder.master("local[2]").appName("unit tests")
    for name, value in options.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    yield session
    session.stop()
