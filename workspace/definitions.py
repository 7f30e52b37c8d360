"""Views, tables with a location of their own, and tables of other formats: their definitions last beside the tables.

A Delta table of the warehouse says by its folder that it is there, these do not. So what a session has made of them is
kept as `_definitions/<database>/<name>.json` in the warehouse, and sessions look there before each cell.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TypedDict
from weakref import WeakKeyDictionary

from botocore.exceptions import ClientError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from workspace.catalogs import Definition, TableName, define, defined, definition, forget_table
from workspace.folders import warehouse_key

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

FOLDER = "_definitions"
_SUFFIX = ".json"


class _IfNew(TypedDict, total=False):
    IfNoneMatch: str


class _Seen(NamedTuple):
    """A definition as this session and the bucket have it: the entry's hash, and the object's tag."""

    entry: int
    tag: str


@dataclass
class _Session:
    """Definitions that a session has kept or taken, and those of which it has said that they cannot be taken."""

    seen: dict[TableName, _Seen] = field(default_factory=dict)
    told: set[tuple[TableName, str]] = field(default_factory=set)


_sessions: WeakKeyDictionary[SparkSession, _Session] = WeakKeyDictionary()


class Definitions:
    """The definitions of a bucket, and those of a session."""

    def __init__(self, session: SparkSession, s3: "S3Client", bucket: str) -> None:
        self._session, self._s3, self._bucket = session, s3, bucket
        self._known = _sessions.setdefault(session, _Session())

    def keep(self) -> None:
        """Keep what this session has made or replaced since it last did so, and remove what it has dropped."""
        here, seen = defined(self._session), self._known.seen
        for table, entry in here.items():
            if table not in seen or seen[table].entry != entry:
                self._put(table, entry)
        for table in seen.keys() - here.keys():
            self._s3.delete_object(Bucket=self._bucket, Key=_key(table))
            del seen[table]

    def take(self) -> None:
        """Have the session know what other ones have kept, and forget what they have removed."""
        there = dict(self._listed())
        seen = self._known.seen
        for table in seen.keys() - there.keys():
            forget_table(self._session, str(table))
            del seen[table]
        new = [table for table, tag in there.items() if table not in seen or seen[table].tag != tag]
        # A view may be one of another, which comes later.
        while left := {table: error for table in new if (error := self._define(table, there[table]))}:
            if len(left) == len(new):
                break
            new = [*left]
        for table, error in left.items():
            self._tell(table, there[table], error)

    def _put(self, table: TableName, entry: int) -> None:
        """Keep a definition. Of two sessions that make a table of one name at the same moment, S3 refuses the later."""
        body = json.dumps(definition(self._session, table)._asdict()).encode()
        new: _IfNew = {} if table in self._known.seen else {"IfNoneMatch": "*"}
        try:
            answer = self._s3.put_object(Bucket=self._bucket, Key=_key(table), Body=body, **new)
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            print(
                f"{table} has been made by another notebook in the meantime; from the next cell on that one counts."
            )
        else:
            self._known.seen[table] = _Seen(entry, answer["ETag"])

    def _define(self, table: TableName, tag: str) -> Exception | None:
        """Have the session's catalogue say what the bucket says; return why it cannot."""
        body = self._s3.get_object(Bucket=self._bucket, Key=_key(table))["Body"].read()
        try:
            define(self._session, table, Definition(**json.loads(body)))
        except (PySparkException, TypeError, ValueError) as error:
            if table not in defined(self._session):
                self._known.seen.pop(table, None)  # it makes room for the new one, and was not dropped here
            return error
        self._known.seen[table] = _Seen(defined(self._session)[table], tag)
        return None

    def _tell(self, table: TableName, tag: str, error: Exception) -> None:
        """Say it once: a view of a table that has been dropped, for instance, stays as it is."""
        if (table, tag) not in self._known.told:
            self._known.told.add((table, tag))
            reason = str(error).partition("\n")[0]
            print(f"{table}, which another notebook has made, cannot be looked up: {reason}")

    def _listed(self) -> Iterator[tuple[TableName, str]]:
        prefix = f"{warehouse_key(FOLDER)}/"
        for page in self._s3.get_paginator("list_objects_v2").paginate(Bucket=self._bucket, Prefix=prefix):
            for each in page.get("Contents", []):
                database, _, file = each["Key"].removeprefix(prefix).partition("/")
                if file.endswith(_SUFFIX):
                    yield TableName(database, file.removesuffix(_SUFFIX)), each["ETag"]


def _key(table: TableName) -> str:
    return f"{warehouse_key(FOLDER)}/{table.database}/{table.name}{_SUFFIX}"
