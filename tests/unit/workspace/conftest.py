"""A session whose paths are those of DBFS: the one of all unit tests, given Hadoop's options for a while."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from workspace.dbutils.fs import FileSystem
from workspace.hadoop import hadoop_conf, show_mounts, view_options
from workspace.mounts import MountTable


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
