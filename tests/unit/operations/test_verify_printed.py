"""Test what `make verify` prints of the speed path, and that it claims no more than it has compared."""

import io
from dataclasses import replace
from types import SimpleNamespace
from typing import Protocol
from unittest.mock import Mock

import psycopg2
import pytest

from common import health
from common.terminal import make_console
from contracts.tables import TABLES, Table
from operations.verify import __main__ as verify
from operations.verify import loss, speed
from operations.verify.accounts import Counts
from operations.verify.speed import SpeedStages

SUM = "0123456789abcdef"
ZERO = "0000000000000000"


def stages(table: Table, *, compared: bool = True, problems: tuple[str, ...] = ()) -> SpeedStages:
    rows, checksum = (1000, SUM) if compared else (0, ZERO)
    counts = Counts(1000, 1000)
    return SpeedStages(
        *(table, 1000, counts, 0, rows, rows, checksum, checksum),
        compared=compared,
        problems=list(problems),
    )


class Command(Protocol):
    """The command, over such stages: its status and what it printed."""

    def __call__(self, *fast: SpeedStages) -> tuple[object, str]: ...


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> Command:
    connection = SimpleNamespace(set_session=lambda **_: None, close=lambda: None)

    def run(*fast: SpeedStages) -> tuple[object, str]:
        console = make_console(file=io.StringIO(), width=120)
        found = {each.table: each for each in fast}
        monkeypatch.setattr(verify, "make_console", lambda: console)
        monkeypatch.setattr(verify, "load_settings", lambda: None)
        monkeypatch.setattr(health, "kafka", lambda _: None)
        monkeypatch.setattr(verify, "_batch", lambda *_: [])
        monkeypatch.setattr(loss, "describe", lambda *_: [])
        monkeypatch.setattr(verify, "_lost_by_kafka", lambda _: [])
        monkeypatch.setattr(verify, "postgres_connection", lambda *_: connection)
        monkeypatch.setattr(speed, "check", lambda _, __, table, ___: found[table])
        status: object = 0
        try:
            verify.main()
        except SystemExit as end:
            status = end.code
        assert isinstance(console.file, io.StringIO)
        return status, console.file.getvalue()

    return run


REFUSED = "connection to server at 127.0.0.1, port 5432 failed: FATAL:  sorry, too many clients already"


@pytest.mark.parametrize(
    "failure",
    [psycopg2.OperationalError(f"{REFUSED}\n"), TimeoutError(REFUSED), ValueError(REFUSED)],
    ids=lambda failure: type(failure).__name__,
)
def test_a_server_that_refuses_in_its_midst_ends_the_comparison_with_the_reason(
    failure: Exception, printed: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verify, "_speed", Mock(side_effect=failure))
    assert printed() == (1, f"Cannot compare: {REFUSED}\nSee `make status`.\n")


def row(text: str, hop: str) -> list[str]:
    """Return the cells of a hop."""
    [line] = [line for line in text.splitlines() if line.startswith(f"│ {hop} ")]
    return [cell.strip() for cell in line.strip("│").split("│")[1:]]


def test_what_was_compared_adds_up(printed: Command) -> None:
    status, text = printed(*map(stages, TABLES))
    assert (status, text.splitlines()[-1]) == (0, "All hops add up.")
    assert row(text, "Delta: rows up to that time") == ["1,000"] * 3
    assert row(text, "adds up") == ["yes"] * 3


def test_rows_that_are_too_young_show_no_zeros_and_add_up_to_nothing(printed: Command) -> None:
    status, text = printed(*(stages(table, compared=False) for table in TABLES))
    assert status == 0
    for hop in ("Delta: rows", "Postgres: rows", "Delta: checksum", "Postgres: checksum", "adds up"):
        assert row(text, hop) == ["not yet"] * 3
    assert row(text, "streaming query: read") == ["1,000"] * 3
    assert "00000000" not in text
    assert text.splitlines()[-1] == (
        "All hops add up that were compared. The speed path of pin, geo, user is not compared yet: all rows are younger"
        " than 90 s. Run `make verify` again then."
    )


def test_a_path_that_has_read_nothing_yet_is_shown_with_what_is_known_of_it(printed: Command) -> None:
    again = "pin: stream s was made again"
    status, text = printed(
        *(replace(stages(table), counts=Counts(), note=again if table == "pin" else None) for table in TABLES)
    )
    assert row(text, "emulator: acknowledged") == row(text, "Postgres: rows up to that time") == ["1,000"] * 3
    assert row(text, "streaming query: read") == ["0"] * 3
    assert text.splitlines()[-2:] == [again, "All hops add up."]
    assert status == 0


def test_one_table_that_is_too_young_is_named(printed: Command) -> None:
    status, text = printed(*(stages(table, compared=table != "geo") for table in TABLES))
    assert row(text, "adds up") == ["yes", "not yet", "yes"]
    assert (status, "The speed path of geo is not compared yet" in text) == (0, True)


def test_a_problem_is_one_though_the_rows_are_too_young(printed: Command) -> None:
    status, text = printed(
        *(stages(table, compared=False, problems=("pin: off",)[: table == "pin"]) for table in TABLES)
    )
    assert row(text, "adds up") == ["no", "not yet", "not yet"]
    assert (status, text.splitlines()[-1]) == (1, "pin: off")
