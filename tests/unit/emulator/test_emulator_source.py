"""A replay reads on where it was when MySQL goes away in its midst, by a new connection and without a gap."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any, Self

import mysql.connector
import pytest
from msgspec.structs import astuple

from contracts.rows import columns
from emulator import source
from emulator.patience import Patience
from emulator.source import PAGE, Source
from stack.local.isolated import make_settings

ROWS: list[tuple[Any, ...]] = [(index, *[None] * (len(columns("geo")) - 1)) for index in range(3 * PAGE // 2)]


class Server:
    """Stands in for MySQL: a page of the rows after a key, unless it is away; its connections end with it."""

    def __init__(self) -> None:
        self.away = False
        self.refusals = 0
        self.connections: list[Connection] = []

    def connect(self, _: object) -> "Connection":
        self.refuse_if_away()
        self.connections.append(Connection(self))
        return self.connections[-1]

    def refuse_if_away(self) -> None:
        """Come back after two refusals."""
        if self.away:
            self.refusals += 1
            self.away = self.refusals < 2
            raise mysql.connector.OperationalError("Lost connection to MySQL server during query")


class Connection:
    """A connection, and its own cursor."""

    autocommit = False

    def __init__(self, server: Server) -> None:
        self.server = server
        self.open = True
        self.page: list[Any] = []

    def is_connected(self) -> bool:
        return self.open

    def disconnect(self) -> None:
        self.open = False

    @contextmanager
    def cursor(self) -> Iterator[Self]:
        yield self

    def execute(self, _: str, values: tuple[int, ...]) -> None:
        self.server.refuse_if_away()
        assert self.open
        *after, count = values
        self.page = [row for row in ROWS if not after or row[0] > after[0]][:count]

    def fetchall(self) -> list[Any]:
        return self.page


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setattr(source, "mysql_connection", server.connect)
    return server


def test_a_server_that_goes_away_in_mid_replay_leaves_no_gap(server: Server, tmp_path: Path) -> None:
    said: list[str] = []
    rows = Source(make_settings(tmp_path), Patience(60, Event(), said.append)).in_order("geo", None)
    read = list(islice(rows, PAGE))
    server.away = True
    read += list(rows)
    assert [astuple(row) for row in read] == ROWS
    assert len(server.connections) == 2
    assert [connection.open for connection in server.connections] == [False, True]
    assert len(said) == 1
    assert said[0].startswith("Waiting up to 60 s for MySQL, which `make up` starts: ")


def test_a_server_that_stays_away_ends_the_replay_with_its_own_error(server: Server, tmp_path: Path) -> None:
    rows = Source(make_settings(tmp_path), Patience(0, Event(), print)).in_order("geo", None)
    list(islice(rows, PAGE))
    server.away = True
    with pytest.raises(mysql.connector.OperationalError, match="Lost connection"):
        list(rows)
