"""The session of a notebook: the jobs' own Spark, with Databricks' paths, formats and defaults.

Spark is as it was published. What differs is configuration, and what Databricks has added to two classes: a method, and
two statements.
"""

import logging
import os
from functools import partial

from pyspark.logger import PySparkLogger
from pyspark.sql import SparkSession
from pyspark.sql.streaming.readwriter import DataStreamWriter
from pyspark_kinesis_source import KinesisDataSource

from common.settings import Settings
from spark_jobs.session.spark import spark_session
from workspace import log_store
from workspace.catalog_names import with_catalogs
from workspace.catalogs import activate
from workspace.credentials import provide_credentials
from workspace.folders import WAREHOUSE, dbfs_root, mounts_file, own_folder, warehouse_key
from workspace.hadoop import restore_mounts, view_options
from workspace.memory import MEMORY
from workspace.mounts import MountTable
from workspace.plain_files import use_dbfs
from workspace.warehouse import keep_catalog, show_tables

# S3 has no atomic rename, and a view has no FileContext, which the default store of a log wants.
_LOG_STORES = {
    f"spark.delta.logStore.{scheme}.impl": log_store.CLASS for scheme in ("dbfs", "s3a", "s3n", "s3")
}
_DEFAULTS = {
    "spark.sql.sources.default": "delta",
    "spark.sql.warehouse.dir": f"dbfs:{WAREHOUSE}",
    # The two others want a FileContext, which a view has not.
    "spark.sql.streaming.checkpointFileManagerClass": (
        "org.apache.spark.sql.execution.streaming.checkpointing.FileSystemBasedCheckpointFileManager"
    ),
    # What another session has written into a partitioned table of Parquet is there without MSCK REPAIR TABLE.
    "spark.sql.hive.manageFilesourcePartitions": "false",
    # A notebook's errors name the line that caused them.
    "spark.python.sql.dataFrameDebugging.enabled": "true",
}
# pyspark's loggers of the errors that it raises, which who runs a cell shows.
_LOGGERS = ("SQLQueryContextLogger", "DataFrameQueryContextLogger")
# Of a cluster, a notebook has executors while it computes, so that a batch run or another notebook has them between.
_ON_A_CLUSTER = {
    "spark.dynamicAllocation.enabled": "true",
    "spark.dynamicAllocation.shuffleTracking.enabled": "true",
    # By itself an executor that has data of a shuffle is kept until the driver forgets the shuffle, for hours.
    "spark.dynamicAllocation.shuffleTracking.timeout": "30s",
    "spark.dynamicAllocation.executorIdleTimeout": "30s",
    "spark.dynamicAllocation.cachedExecutorIdleTimeout": "600s",
}


def notebook_session(settings: Settings) -> SparkSession:
    """Start (or return) this process's session: Databricks' paths, mounts, Kinesis source and table names.

    Raises:
        FileNotFoundError: Spark's jars are not installed.
        RuntimeError: S3 cannot be reached, or has no bucket.
    """
    if running := SparkSession._instantiatedSession:  # noqa: SLF001 - the public one is this thread's
        activate(running)
        show_tables(running, settings)
        return running
    for name in _LOGGERS:
        PySparkLogger.getLogger(name).setLevel(logging.CRITICAL)
    provide_credentials(settings)
    os.environ.update(_aws_environment(settings))
    session = spark_session(settings, "notebook", options=_options(settings))
    log_store.provide_log_store(session)
    restore_mounts(session, MountTable(mounts_file(settings)).read().values())
    show_tables(session, settings)
    use_dbfs(session, dbfs_root(settings))
    session.dataSource.register(KinesisDataSource)
    # Databricks' name for it.
    DataStreamWriter.table = DataStreamWriter.toTable  # type: ignore[attr-defined]
    SparkSession.sql = with_catalogs(SparkSession.sql, partial(keep_catalog, settings))  # type: ignore[method-assign]
    MEMORY.allow(settings.notebook.memory)
    return session


def _options(settings: Settings) -> dict[str, str]:
    """Return Spark's options that differ from the jobs'."""
    tables = f"s3a://{settings.bucket}/{warehouse_key()}"
    view = view_options(own_folder(dbfs_root(settings)), {WAREHOUSE: tables})
    hadoop = {f"spark.hadoop.{name}": value for name, value in view.items()}
    shared = {} if settings.spark.master.startswith("local") else _ON_A_CLUSTER
    ansi = {"spark.sql.ansi.enabled": str(settings.notebook.ansi).lower()}
    return _DEFAULTS | _LOG_STORES | hadoop | shared | ansi


def _aws_environment(settings: Settings) -> dict[str, str]:
    """Return what boto3 goes by, in the notebook and in the Kinesis source: notebooks name a region at most."""
    found = {"AWS_ENDPOINT_URL": settings.aws.endpoint_url, "AWS_DEFAULT_REGION": settings.aws.region}
    return {name: value for name, value in found.items() if value}
