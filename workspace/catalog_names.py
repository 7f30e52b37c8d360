"""Databricks' statements on catalogues, which Spark's parser lacks: CREATE CATALOG and USE CATALOG.

A session has one catalogue, Spark's own; what these statements create is another name for it.
"""

import re
from collections.abc import Callable
from functools import wraps
from typing import Any, NamedTuple

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession

from workspace.catalogs import catalog_names, name_catalog

HIVE_METASTORE = "hive_metastore"
GIVEN = (HIVE_METASTORE, "main")
"""The names that are there without a statement: Databricks' own, and the one that its documents use."""

_BEGIN = r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
_NAME = r"(?:`(?P<quoted>[\w-]+)`|(?P<plain>\w+))"
_CREATE = re.compile(
    rf"{_BEGIN}CREATE\s+CATALOG\s+(?P<lenient>IF\s+NOT\s+EXISTS\s+)?{_NAME}(?:\s+COMMENT\s+.*)?[\s;]*",
    re.I | re.S,
)
_USE = re.compile(rf"{_BEGIN}USE\s+CATALOG\s+(?P<name>.+)", re.I | re.S)
# Spark's statement without result or effect.
_NOTHING = "CREATE DATABASE IF NOT EXISTS default"

Sql = Callable[..., DataFrame]


class NewCatalog(NamedTuple):
    """The name that a CREATE CATALOG gives, and whether it may be there already."""

    name: str
    lenient: bool


def parse_create(text: str) -> NewCatalog | None:
    """Return what a CREATE CATALOG says, or None for another statement."""
    found = _CREATE.fullmatch(text)
    return NewCatalog(found["quoted"] or found["plain"], bool(found["lenient"])) if found else None


def parse_use(text: str) -> str:
    """Return the statement in Spark's words: USE CATALOG is its SET CATALOG."""
    found = _USE.fullmatch(text)
    return f"SET CATALOG {found['name']}" if found else text


def with_catalogs(sql: Sql, keep: Callable[[str], None]) -> Sql:
    """Return Spark's method `sql` with the two statements.

    Args:
        sql: the method, unbound.
        keep: keeps a new name, so that other sessions know it.
    """

    @wraps(sql)
    def run(session: SparkSession, sqlQuery: str, *args: Any, **options: Any) -> DataFrame:  # noqa: ANN401, N803 - Spark's
        if new := parse_create(sqlQuery):
            _create(session, new, keep)
            return sql(session, _NOTHING)
        return sql(session, parse_use(sqlQuery), *args, **options)

    return run


def _create(session: SparkSession, new: NewCatalog, keep: Callable[[str], None]) -> None:
    if new.name in catalog_names(session):
        if not new.lenient:
            raise AnalysisException(f"[CATALOG_ALREADY_EXISTS] The catalog `{new.name}` exists already.")
        return
    keep(new.name)
    name_catalog(session, new.name)
