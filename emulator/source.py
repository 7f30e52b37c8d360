"""Rows of the source tables as streams: paged by key, so that memory stays bounded and no query waits for Kafka."""

from array import array
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import mysql.connector

from common.clients import mysql_connection
from common.settings import Settings
from contracts.rows import ROW_TYPES, TABLE_NAMES, Row, columns
from contracts.tables import Table
from emulator.patience import Patience

# Rows of one query: few enough to hold, enough that its round trip does not show.
PAGE = 1_000
# What the client raises of a server that is not there, or goes away.
_AWAY = (mysql.connector.OperationalError, mysql.connector.InterfaceError)


class Source:
    """The source database; it is waited for at first, and a lost connection is made again.

    Names of tables and columns in its statements are this project's own constants; values are parameters.
    """

    def __init__(self, settings: Settings, patience: Patience) -> None:
        """Connect at the first question, which raises mysql.connector.Error when patience is at its end."""
        self._settings = settings
        self._patience = patience
        self._connection: Any = None

    def count(self, table: Table, after: int | None) -> int:
        """Return how many rows have a key above `after`; all where it is None."""
        condition, values = _above(table, after)
        ((count,),) = self._query(f"SELECT COUNT(*) FROM {TABLE_NAMES[table]} {condition}", values)  # noqa: S608
        return int(count)

    def in_order(self, table: Table, after: int | None) -> Iterator[Row]:
        """The rows whose key is above `after`, by key."""
        row_type, key = ROW_TYPES[table], columns(table)[0]
        while True:
            condition, values = _above(table, after)
            page = self._query(f"{_select(table)} {condition} ORDER BY `{key}` LIMIT %s", (*values, PAGE))
            yield from (row_type(*values) for values in page)
            if len(page) < PAGE:
                return
            after = page[-1][0]

    def at_random(self, table: Table, keys: Sequence[int], seed: int) -> Iterator[Row]:
        """Endlessly rows whose keys are drawn from `keys`, with replacement; a seed gives one sequence of positions."""
        random = Random(seed)  # noqa: S311 - reproducible, not secret
        row_type, key = ROW_TYPES[table], columns(table)[0]
        marks = ", ".join(["%s"] * PAGE)
        while True:
            drawn = tuple(keys[random.randrange(len(keys))] for _ in range(PAGE))
            page = self._query(f"{_select(table)} WHERE `{key}` IN ({marks})", drawn)
            rows = {values[0]: row_type(*values) for values in page}
            yield from (rows[value] for value in drawn)

    def keys(self, table: Table, after: int | None) -> Sequence[int]:
        """The keys above `after` in order: a range where they have no gaps, else 4 bytes each."""
        key = columns(table)[0]
        condition, values = _above(table, after)
        bounds = f"SELECT COUNT(*), MIN(`{key}`), MAX(`{key}`) FROM {TABLE_NAMES[table]} {condition}"  # noqa: S608
        ((count, least, most),) = self._query(bounds, values)
        if count and most - least + 1 == count:
            return range(least, most + 1)
        keys = array("i")
        while True:
            condition, values = _above(table, after)
            statement = f"SELECT `{key}` FROM {TABLE_NAMES[table]} {condition} ORDER BY `{key}` LIMIT %s"  # noqa: S608
            page = self._query(statement, (*values, 100 * PAGE))
            keys.extend(value for (value,) in page)
            if len(page) < 100 * PAGE:
                return keys
            after = keys[-1]

    def _query(self, statement: str, values: tuple[int, ...]) -> list[tuple[Any, ...]]:
        return self._patience.ask("MySQL", lambda: self._fetch(statement, values), _AWAY)

    def _fetch(self, statement: str, values: tuple[int, ...]) -> list[tuple[Any, ...]]:
        try:
            if self._connection is None or not self._connection.is_connected():
                self._connection = _connect(self._settings)
            with self._connection.cursor() as cursor:
                cursor.execute(statement, values)
                rows: list[tuple[Any, ...]] = cursor.fetchall()
                return rows
        except _AWAY:
            if self._connection is not None:
                self._connection.disconnect()
            raise


def _connect(settings: Settings) -> Any:  # noqa: ANN401 - untyped library
    """A connection that keeps no transaction open: one would hold old rows, and a reload of the tables up."""
    connection = mysql_connection(settings)
    connection.autocommit = True
    return connection


def _select(table: Table) -> str:
    names = ", ".join(f"`{name}`" for name in columns(table))
    return f"SELECT {names} FROM {TABLE_NAMES[table]}"  # noqa: S608


def _above(table: Table, after: int | None) -> tuple[str, tuple[int, ...]]:
    return ("", ()) if after is None else (f"WHERE `{columns(table)[0]}` > %s", (after,))
