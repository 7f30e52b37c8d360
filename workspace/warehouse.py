"""Tables that last: the folders of the warehouse are the catalogue, at which a session looks before each cell.

Spark's own catalogue is in the memory of one session. The bucket is shared by all, and loses both at once or neither.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from common.clients import s3_client
from common.settings import Settings
from workspace.catalog_names import GIVEN
from workspace.catalogs import (
    TableName,
    adopt_table,
    catalog_names,
    database_names,
    forget_table,
    managed_tables,
    name_catalog,
)
from workspace.definitions import FOLDER, Definitions
from workspace.folders import WAREHOUSE, warehouse_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOCATION = f"dbfs:{WAREHOUSE}"
_DATABASE = ".db"
# The folder of the names of catalogues.
_CATALOGS = "_catalogs"
# Between the first commit to a table and its entry in the catalogue of the session that creates it pass some 0.2 s.
_CREATION_SECONDS = 10.0
# S3 or Spark does not answer.
_UNANSWERED = (BotoCoreError, ClientError, Py4JError, PySparkException)


def show_tables(session: SparkSession, settings: Settings) -> None:
    """Have the session know the tables and views that last, and forget those that another one has dropped."""
    s3 = s3_client(settings)
    folders = _Folders(s3, settings.bucket)
    definitions = Definitions(session, s3, settings.bucket)
    definitions.keep()
    for name in {*GIVEN, *folders.catalogs()} - catalog_names(session):
        name_catalog(session, name)
    known = database_names(session)
    there = {*folders.databases()}
    for database in sorted(there - known):
        session.sql(f"CREATE DATABASE IF NOT EXISTS `{database}`")
    for database in sorted(there | known):
        _show_database(session, folders, database)
    definitions.take()


def keep_definitions(session: SparkSession, settings: Settings) -> None:
    """Keep the views, and what else no folder tells of, that a cell has made, for other sessions."""
    try:
        Definitions(session, s3_client(settings), settings.bucket).keep()
    except _UNANSWERED as error:
        print(
            f"Views and tables that this cell has made are not known to other notebooks yet: {_first_line(error)}"
        )


def show_newer_tables(session: SparkSession, settings: Settings) -> None:
    """Do so between two cells, of which not each needs S3 or Spark: say where one of them does not answer."""
    try:
        show_tables(session, settings)
    except _UNANSWERED as error:
        print(f"Tables that other notebooks have made or dropped cannot be looked up: {_first_line(error)}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]


def keep_catalog(settings: Settings, name: str) -> None:
    """Keep another name of the catalogue for all sessions."""
    key = f"{warehouse_key(_CATALOGS)}/{name}/"
    s3_client(settings).put_object(Bucket=settings.bucket, Key=key, Body=b"")


def _show_database(session: SparkSession, folders: "_Folders", database: str) -> None:
    known = {TableName(database, name) for name in managed_tables(session, database)}
    there = {TableName(database, name) for name in folders.tables(database)}
    for table in known - there:
        forget_table(session, str(table))
    # A query may be creating one in its own thread, which has to find its name free.
    least = _CREATION_SECONDS if session.streams.active else -math.inf
    for table in sorted(there - known):
        age = folders.seconds_since_commit(table)
        if age is not None and age >= least:
            adopt_table(session, str(table), f"{LOCATION}/{_folder(database)}{table.name}")


class _Folders:
    """The folders of the warehouse: `<table>/`, `<database>.db/<table>/` and `_catalogs/<name>/`."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def catalogs(self) -> list[str]:
        return [*self._names(f"{_CATALOGS}/")]

    def databases(self) -> list[str]:
        return [name.removesuffix(_DATABASE) for name in self._names("") if name.endswith(_DATABASE)]

    def tables(self, database: str) -> list[str]:
        names = self._names(_folder(database))
        return [name for name in names if not name.endswith(_DATABASE) and name not in {_CATALOGS, FOLDER}]

    def seconds_since_commit(self, table: TableName) -> float | None:
        """Return how old the log's first commit is, or None for a folder without one."""
        log = f"{warehouse_key(_folder(table.database))}{table.name}/_delta_log/0"
        found = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=log, MaxKeys=1)
        times = [each["LastModified"] for each in found.get("Contents", [])]
        return (datetime.now(UTC) - times[0]).total_seconds() if times else None

    def _names(self, folder: str) -> Iterator[str]:
        prefix = warehouse_key(folder)
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            for each in page.get("CommonPrefixes", []):
                yield each["Prefix"].removeprefix(prefix).rstrip("/")


def _folder(database: str) -> str:
    return "" if database == "default" else f"{database}{_DATABASE}/"
