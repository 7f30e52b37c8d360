"""Tables that last: the folders of the warehouse are the catalogue, so a session begins with the tables that are there.

Spark's own catalogue is in the memory of one session. The bucket is shared by all, and loses both at once or neither.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import SparkSession

from common.clients import s3_client
from common.settings import Settings
from workspace.catalogs import adopt_table, forget_table, managed_tables
from workspace.folders import WAREHOUSE, warehouse_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_DATABASE = ".db"


class TableName(NamedTuple):
    """A table and its database."""

    database: str
    name: str

    def __str__(self) -> str:
        return f"`{self.database}`.`{self.name}`"


def show_tables(session: SparkSession, settings: Settings) -> None:
    """Have the session know the Delta tables of the warehouse, and forget those that another one has dropped."""
    folders = _Folders(s3_client(settings), settings.bucket)
    known_databases = (database.name for database in session.catalog.listDatabases())
    for database in sorted({*known_databases, *folders.databases()}):
        session.sql(f"CREATE DATABASE IF NOT EXISTS `{database}`")
        known = {TableName(database, name) for name in managed_tables(session, database)}
        there = {TableName(database, name) for name in folders.tables(database)}
        for table in known - there:
            forget_table(session, str(table))
        for table in sorted(there - known):
            if folders.is_delta(table):
                adopt_table(session, str(table), f"dbfs:{WAREHOUSE}/{_folder(database)}{table.name}")


class _Folders:
    """The folders of the warehouse: `<table>/`, and `<database>.db/<table>/`."""

    def __init__(self, s3: "S3Client", bucket: str) -> None:
        self._s3 = s3
        self._bucket = bucket

    def databases(self) -> list[str]:
        return [name.removesuffix(_DATABASE) for name in self._names("") if name.endswith(_DATABASE)]

    def tables(self, database: str) -> list[str]:
        return [name for name in self._names(_folder(database)) if not name.endswith(_DATABASE)]

    def is_delta(self, table: TableName) -> bool:
        log = f"{warehouse_key(_folder(table.database))}{table.name}/_delta_log/"
        return bool(self._s3.list_objects_v2(Bucket=self._bucket, Prefix=log, MaxKeys=1)["KeyCount"])

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
