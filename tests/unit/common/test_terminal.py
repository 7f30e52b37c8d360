"""Test what commands print: no escape sequence, picture or markup that data brought, and one maker of consoles."""

import ast
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from common.settings import ROOT
from common.terminal import cell, complain, make_console
from emulator.delivery_counts import DeliveryCounts
from emulator.progress import ReplayProgress
from emulator.summary import Outcome, print_summary
from operations import quarantine
from operations.query import Answer, Query, show
from stack.status.service_table import Line, print_services

EVIL = "\x1b[2J\x1b]0;owned\x07 :100: [red]x[/] \u202e\x9b\ud83d"
SHOWN = r"\x1b[2J\x1b]0;owned\x07 :100: [red]x[/] \u202e\x9b\ud83d"
FOLDERS = (
    "contracts",
    "common",
    "emulator",
    "services",
    "spark_jobs",
    "operations",
    "stack",
    "airflow",
    "bench",
)


@pytest.fixture(params=[False, True], ids=["file", "terminal"])
def console(request: pytest.FixtureRequest) -> Console:
    return make_console(file=io.StringIO(), width=200, force_terminal=request.param)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return re.sub(r"\x1b\[[0-9;]*m", "", console.file.getvalue())  # but for colours, which are rich's own


def assert_visible(text: str) -> None:
    assert SHOWN in text
    assert "\x1b[2J" not in text
    assert not set("\x07\x9b\u202e\ud83d💯") & set(text)


def test_all_that_is_printed_is_visible(console: Console) -> None:
    table = Table("column")
    table.add_row(EVIL)
    table.add_row(cell(EVIL))
    for each in (EVIL, table, Group(EVIL), cell(EVIL)):
        console.print(each)
    assert printed(console).count(SHOWN) == 5
    assert_visible(printed(console))


def test_text_that_was_not_made_for_it_is_visible_too(console: Console) -> None:
    console.print(Text("\x1b[2J\u202e"))
    with Live(Text("\x1b[3J"), console=console, auto_refresh=False):
        pass
    assert r"\x1b[2J\u202e" in printed(console)
    assert r"\x1b[3J" in printed(console)
    assert "\x1b[2J" not in printed(console)
    assert "\x1b[3J" not in printed(console)


def test_a_table_stays_in_line() -> None:
    file = make_console(file=io.StringIO(), width=80)
    table = Table("a", "b")
    for text in ("\x1b\x1b", "plain", "two\x00words"):
        table.add_row(text, "|")
    file.print(table)
    lines = printed(file).splitlines()
    assert len({len(line) for line in lines}) == 1


def test_newlines_within_a_cell_are_written_out(console: Console) -> None:
    console.print(cell("first\nlevel=error forged\tx"))
    assert r"first\nlevel=error forged\tx" in printed(console)


def test_an_error_quotes_its_input_visibly(capsys: pytest.CaptureFixture[str]) -> None:
    complain(f"TOPIC is {EVIL}")
    assert_visible(capsys.readouterr().err)


##### The commands that show what records hold #####


def test_the_quarantine_shows_records_visibly(console: Console) -> None:
    row = (datetime(2026, 1, 2, tzinfo=UTC), "0a1b2c3d4e5f.pin[0] offset 3", ["not_json"], EVIL)
    quarantine.show(console, [row])
    assert_visible(printed(console))


def test_answers_are_shown_visibly(console: Console) -> None:
    show(console, Query(1, "title", "Which?", ""), Answer(["country"], [(EVIL,)]), None)
    assert_visible(printed(console))


def test_the_services_problems_are_shown_visibly(console: Console) -> None:
    print_services(console, [Line("kafka", f"{EVIL}\nsecond", False, "", 0)])
    assert_visible(printed(console))


def test_the_emulators_reasons_are_shown_visibly(console: Console) -> None:
    tally = DeliveryCounts()
    tally.read = 1
    tally.fail([7], EVIL)
    print_summary(console, {"batch": Outcome({"0a1b2c3d4e5f.pin": tally}, 1.0)})
    with ReplayProgress(console) as progress:
        progress.add("batch", 10)(1, 1, EVIL)
    assert_visible(printed(console))


##### One maker #####


def calls(folder: str, *names: str) -> Iterator[tuple[str, ast.Call]]:
    """The calls of these functions, as they are written, by file."""
    for file in (ROOT / folder).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
                yield str(file.relative_to(ROOT)), node


def test_no_other_console_is_made() -> None:
    made = [
        file
        for folder in FOLDERS
        for file, _ in calls(folder, "Console", "rich.console.Console", "get_console", "_VisibleConsole")
    ]
    assert made == ["common/terminal.py"]


def test_what_moves_is_given_a_console() -> None:
    """Else rich makes one of its own."""
    given = [
        "console" in {each.arg for each in call.keywords}
        for folder in FOLDERS
        for file, call in calls(folder, "Live", "Progress")
        if "from rich." in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert len(given) >= 5
    assert all(given)


def test_nothing_is_printed_past_it() -> None:
    """But for log lines, which must not be wrapped and are made visible, and the benchmarks' figures."""
    past = [
        (file, ast.unparse(call))
        for folder in FOLDERS
        if folder != "bench"
        for file, call in calls(folder, "print", "typer.echo", "typer.secho", "typer.run")
    ]
    assert past == [("stack/local/cli.py", "print(visible(line), end='', flush=True)")]
