"""Compare what the emulators' ledger says was acknowledged with what each path serves, post by post."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

from psycopg2 import sql

from common.clients import postgres_connection
from common.settings import Settings
from contracts.tables import DECLARATIONS, TABLES, Table
from emulator.formats import ROUTES, Route, destination
from emulator.patience import Patience
from emulator.source import Source

_SCHEMAS: dict[Route, str] = {"batch": "batch", "stream": "speed"}
_LEDGER = "SELECT read, failed FROM ops.emulator_runs WHERE route = %s AND destination = %s"


@dataclass(frozen=True)
class Account:
    """The account of a path's table: the posts that were acknowledged, and what its served table lacks or has twice."""

    route: Route
    table: Table
    acknowledged: int
    lost: int
    twice: int

    def __str__(self) -> str:
        """Return the account in words."""
        faults = "each served once" if not self.lost + self.twice else f"{self.lost} lost, {self.twice} twice"
        return f"{self.route} path, {self.table}: {self.acknowledged:,} posts acknowledged, {faults}"


def account(route: Route, table: Table, sent: Sequence[int], failed: int, served: Sequence[int]) -> Account:
    """Compare the keys that were sent, of which so many were not acknowledged, with those that are served."""
    times = Counter(served)
    missing = sum(key not in times for key in sent)
    return Account(
        route, table, len(sent) - failed, max(0, missing - failed), sum(each > 1 for each in times.values())
    )


def source_keys(settings: Settings, table: Table) -> Sequence[int]:
    """Return the keys of a source table in their order, in which the emulators read it."""
    return Source(settings, Patience(0, threading.Event(), print)).keys(table, None)


def accounts(settings: Settings, keys: Callable[[Table], Sequence[int]]) -> list[Account]:
    """Return the account of each path's tables, by the emulators' ledger of one run each.

    Args:
        keys: gives the keys of a source table in their order.
    """
    return [_read(settings, route, table, keys(table)) for route in ROUTES for table in TABLES]


def _read(settings: Settings, route: Route, table: Table, keys: Sequence[int]) -> Account:
    name = sql.Identifier(_SCHEMAS[route], DECLARATIONS[table].served)
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_LEDGER, [route, destination(settings, route, table).name])
        [(read, failed)] = cursor.fetchall()
        cursor.execute(sql.SQL("SELECT ind FROM {}").format(name))
        served = [ind for (ind,) in cursor.fetchall()]
    return account(route, table, keys[:read], failed, served)
