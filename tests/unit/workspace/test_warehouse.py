"""Tables by their folders, on a folder of this machine in the bucket's place."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest
from botocore.exceptions import EndpointConnectionError
from deltalake import write_deltalake
from pyspark.sql import SparkSession

from common.settings import Settings
from stack.local.isolated import make_settings
from tests.unit.workspace.bucket import Bucket
from workspace import warehouse
from workspace.catalogs import catalog_names, managed_tables
from workspace.warehouse import show_newer_tables, show_tables


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "state")


@pytest.fixture
def tables(
    spark: SparkSession, tmp_path: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Path]:
    """Yield the folder of the tables, which the session has forgotten afterwards."""
    folder = tmp_path / "warehouse"
    folder.mkdir()
    monkeypatch.setattr(warehouse, "LOCATION", folder.as_uri())
    monkeypatch.setattr(warehouse, "s3_client", lambda _: Bucket(folder))
    yield folder
    shutil.rmtree(folder)
    show_tables(spark, settings)


def test_tables_come_and_go_with_their_folders(spark: SparkSession, tables: Path, settings: Settings) -> None:
    write_deltalake(tables / "here", pa.table({"n": [1]}))
    write_deltalake(tables / "other.db" / "there", pa.table({"n": [2]}))
    (tables / "failed" / "_delta_log").mkdir(parents=True)
    (tables / "words").mkdir()
    (tables / "_catalogs" / "pinterest").mkdir(parents=True)
    show_tables(spark, settings)
    assert managed_tables(spark, "default") == {"here"}
    assert spark.table("pinterest.other.there").first() == (2,)
    assert {"hive_metastore", "main", "pinterest"} <= catalog_names(spark)
    shutil.rmtree(tables / "here")
    show_tables(spark, settings)
    assert managed_tables(spark, "default") == set()


def test_looking_at_tables_starts_no_job(spark: SparkSession, tables: Path, settings: Settings) -> None:
    """It is done before each cell, which would wait for an executor of the cluster else."""
    (tables / "another.db").mkdir()
    write_deltalake(tables / "here", pa.table({"n": [1]}))
    spark.sql("CREATE VIEW a_view AS SELECT 1 AS n")
    show_tables(spark, settings)
    spark.sparkContext.setJobGroup("the look", "")
    try:
        show_tables(spark, settings)
        assert [*spark.sparkContext.statusTracker().getJobIdsForGroup("the look")] == []
        assert spark.table("here").count() == 1
        assert [*spark.sparkContext.statusTracker().getJobIdsForGroup("the look")] != []
    finally:
        spark.sparkContext._jsc.sc().clearJobGroup()
        spark.sql("DROP VIEW a_view")
        show_tables(spark, settings)


def test_table_that_a_running_query_may_be_creating_is_left_to_it(
    spark: SparkSession, tables: Path, settings: Settings
) -> None:
    query = spark.readStream.format("rate").load().writeStream.format("noop").start()
    try:
        write_deltalake(tables / "mine", pa.table({"n": [1]}))
        show_tables(spark, settings)
        assert not spark.catalog.tableExists("mine")
    finally:
        query.stop()
    show_tables(spark, settings)
    assert spark.catalog.tableExists("mine")


def test_cell_runs_where_s3_does_not_answer(
    spark: SparkSession,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def refuse(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="http://127.0.0.1:4566")

    monkeypatch.setattr(warehouse, "show_tables", refuse)
    show_newer_tables(spark, settings)
    assert "cannot be looked up: Could not connect" in capsys.readouterr().out
