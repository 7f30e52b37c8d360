"""Test that the tables of commands are readable on a terminal of 80 columns, and in a file have no colours."""

import io
from collections.abc import Callable, Sequence

import pytest
from rich.console import Console, RenderableType
from rich.table import Table

from common.terminal import make_console
from contracts.run_counts import TableRunCounts
from contracts.tables import TABLES
from operations.verify import accounts, show
from operations.verify.batch import BatchStages
from operations.verify.speed import SpeedStages
from spark_jobs.batch import summary

MOST = 99_999_999  # records
SUM = "0123456789abcdef"


def batch_path() -> Table:
    counts = accounts.Counts(MOST, MOST, MOST, MOST)
    return show.batch(
        [
            BatchStages(
                table, MOST, MOST, MOST, MOST, counts, MOST, MOST, MOST, MOST, SUM, SUM, {}, lost=False
            )
            for table in TABLES
        ]
    )


def speed_path() -> Table:
    counts = accounts.Counts(MOST, MOST, MOST, MOST)
    return show.speed([SpeedStages(table, MOST, counts, MOST, MOST, MOST, SUM, SUM) for table in TABLES])


def batch_run() -> Table:
    return summary.counts([TableRunCounts(table, (), MOST, MOST, MOST, MOST) for table in TABLES])


TABLES_OF_COMMANDS: Sequence[Callable[[], Table]] = (batch_path, speed_path, batch_run)
each_table = pytest.mark.parametrize("table", TABLES_OF_COMMANDS, ids=lambda make: make.__name__)


def printed(console: Console, what: RenderableType) -> str:
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@each_table
def test_every_name_and_number_is_whole_at_80_columns(table: Callable[[], Table]) -> None:
    made = table()
    narrow = printed(make_console(file=io.StringIO(), width=80), made)
    assert max(map(len, narrow.splitlines())) <= 80
    names = [str(name) for name in made.columns[0].cells]
    assert len(names) > 2
    assert [name for name in names if f"│ {name} " not in narrow] == []
    assert narrow.count(f"{MOST:,}") >= len(TABLES)


@pytest.mark.parametrize("table", [batch_path, speed_path])
def test_a_checksum_takes_two_lines_where_one_is_too_narrow(table: Callable[[], Table]) -> None:
    whole, first, last = "01234567 89abcdef", "  01234567 │", "  89abcdef │"
    narrow = printed(make_console(file=io.StringIO(), width=80), table())
    assert (narrow.count(whole), narrow.count(first), narrow.count(last)) == (0, 6, 6)
    assert printed(make_console(file=io.StringIO(), width=120), table()).count(whole) == 6


@each_table
def test_colours_are_for_a_terminal(table: Callable[[], Table], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    assert "\x1b" not in printed(make_console(file=io.StringIO(), width=80), table())
    assert "\x1b[" in printed(make_console(file=io.StringIO(), width=80, force_terminal=True), table())
