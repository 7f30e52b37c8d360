"""A session whose paths are those of DBFS: the one of all unit tests, given Hadoop's options for a while."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession

from common.settings import Settings
from stack.local.isolated import make_settings
from workspace.dbutils import DBUtils
from workspace.dbutils.fs import FileSystem
from workspace.hadoop import hadoop_conf, show_mounts, view_options
from workspace.mounts import MountTable
from workspace.run.notebooks import Notebooks
from workspace.run.paths import Workspace


@pytest.fixture
def dbfs(tmp_path: Path) -> Path:
    """Return the folder that is `dbfs:/`."""
    folder = tmp_path / "the root"
    folder.mkdir()
    return folder


@pytest.fixture
def notebook_spark(spark: SparkSession, dbfs: Path) -> Iterator[SparkSession]:
    """Yield the session while its paths are DBFS'."""
    conf = hadoop_conf(spark)
    options = view_options(dbfs)
    before = {name: conf.get(name) for name in options}
    for name, value in options.items():
        conf.set(name, value)
    yield spark
    show_mounts(spark, [])
    for name, former in before.items():
        if former is None:
            conf.unset(name)
        else:
            conf.set(name, former)


@pytest.fixture
def fs(notebook_spark: SparkSession, tmp_path: Path) -> FileSystem:
    """Return `dbutils.fs` without mounts."""
    return FileSystem(notebook_spark, MountTable(tmp_path / "mounts.json"))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "state")


@pytest.fixture
def notebooks(tmp_path: Path, spark: SparkSession, settings: Settings) -> Notebooks:
    """Notebooks of the test's folder, on the unit tests' Spark."""

    def namespace(
        *, parameters: Mapping[str, str], run_notebook: Callable[[str, int, Mapping[str, str]], str]
    ) -> dict[str, Any]:
        utilities = DBUtils(spark, settings, parameters=parameters, run_notebook=run_notebook)
        return {"spark": spark, "dbutils": utilities}

    return Notebooks(namespace, Workspace(tmp_path))
