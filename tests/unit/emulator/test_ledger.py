"""Test what a run leaves in ops.emulator_runs, and that a run without Postgres ends well."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from io import StringIO
from pathlib import Path
from uuid import UUID

import pytest

from common.settings import Settings
from common.terminal import make_console
from emulator import ledger
from emulator.delivery_counts import DeliveryCounts
from emulator.formats import Route
from emulator.summary import Outcome
from stack.local.isolated import make_settings


def counts(acknowledged: int, failed: int) -> DeliveryCounts:
    return DeliveryCounts(read=acknowledged + failed, acknowledged=acknowledged, failed=failed)


OUTCOMES: dict[Route, Outcome] = {
    "batch": Outcome({"id.pin": counts(7, 2), "id.geo": counts(9, 0)}, 1.5),
    "stream": Outcome({"streaming-id-pin": counts(4, 0)}, 80.0),
}


class Connection:
    """Says in `events` what is done with it, in order."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.rows: list[tuple[object, ...]] = []

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.events.append("rolled back" if kind else "committed")

    def cursor(self) -> AbstractContextManager["Connection"]:
        return nullcontext(self)

    def close(self) -> None:
        self.events.append("closed")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def connection(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Connection:
    """The connection that the role emulator gets."""
    made = Connection()

    def insert(cursor: Connection, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        assert "INSERT INTO ops.emulator_runs" in statement
        cursor.events.append("inserted")
        cursor.rows += rows

    def connect(*asked: object) -> Connection:
        assert asked == (settings, "emulator")
        return made

    monkeypatch.setattr(ledger, "postgres_connection", connect)
    monkeypatch.setattr(ledger, "execute_values", insert)
    return made


def test_a_run_is_a_row_for_each_topic_and_stream_in_one_transaction(
    settings: Settings, connection: Connection
) -> None:
    output = StringIO()
    ledger.record(settings, OUTCOMES, make_console(file=output))
    (run,) = {row[0] for row in connection.rows}
    assert UUID(str(run))
    assert [row[1:] for row in connection.rows] == [
        ("id.pin", "batch", 9, 7, 2, 1.5),
        ("id.geo", "batch", 9, 9, 0, 1.5),
        ("streaming-id-pin", "stream", 4, 4, 0, 80.0),
    ]
    assert connection.events == ["inserted", "committed", "closed"]
    assert output.getvalue() == ""


def test_each_run_has_an_id_of_its_own(settings: Settings, connection: Connection) -> None:
    for _ in range(2):
        ledger.record(settings, OUTCOMES, make_console(file=StringIO()))
    assert len({row[0] for row in connection.rows}) == 2


def test_a_run_without_postgres_ends_with_one_line_that_no_width_folds(settings: Settings) -> None:
    output = StringIO()
    ledger.record(
        settings, OUTCOMES, make_console(file=output, width=20, force_terminal=True, color_system="standard")
    )
    (line,) = output.getvalue().splitlines()
    assert line.startswith("\x1b[33mNot noted in ops.emulator_runs: connection to server at ")
    assert "Connection refused" in line
