"""Test what commands show of their waiting where there is no terminal."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from common import progress
from common.progress import Announcer, StateLines, live_status
from common.terminal import make_console


@pytest.fixture
def file() -> Console:
    return make_console(file=io.StringIO(), width=80)


def _printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_what_is_waited_for_is_a_line_in_a_file(file: Console) -> None:
    with live_status(file, "Waiting ..."):
        assert _printed(file) == ["Waiting ..."]
    assert _printed(file) == ["Waiting ..."]


def test_services_that_become_healthy_are_named_once_each(file: Console) -> None:
    announcer = Announcer(file, known={"kafka"})
    for well in ({"kafka"}, {"kafka", "mysql"}, {"mysql"}, {"kafka", "mysql", "airflow"}):
        announcer.announce(well, {"other": "is starting"})
    assert _printed(file) == ["mysql is up after 0 s", "airflow is up after 0 s"]


def test_who_waits_long_is_told_for_what(file: Console, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 59.0, 60.0, 61.0, 119.0, 120.0])
    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    announcer = Announcer(file, known=set())
    for problem in ("first", "[second]", "third", "fourth", "fifth"):
        announcer.announce(set(), {"writer": problem})
    assert _printed(file) == [
        "after 60 s still waiting for writer: [second]",
        "after 120 s still waiting for writer: fifth",
    ]


def test_a_terminal_shows_its_table_alone() -> None:
    terminal = make_console(file=io.StringIO(), force_terminal=True)
    announcer = Announcer(terminal, known=set())
    announcer.announce({"kafka"}, {})
    assert _printed(terminal) == []


def test_the_services_that_start_are_named_at_once(file: Console) -> None:
    Announcer(file, {"kafka"}).begin(["kafka", "mysql", "postgres"])
    Announcer(file, {"kafka"}).begin(["kafka"])
    assert _printed(file) == ["Starting mysql, postgres ..."]


def test_a_line_for_each_change_of_a_state(file: Console) -> None:
    lines = StateLines(file)
    for state, seconds in (
        (None, None), ("queued", None), ("running", None), ("running", 1.0), ("up_for_retry", 2.0),
        ("running", None), ("success", 3.25), ("success", 3.25),
    ):  # fmt: skip
        lines.tell("landed", state, seconds)
    lines.tell("answers", "running", None)
    assert _printed(file) == [
        "landed: running",
        "landed: up_for_retry after 2.0 s",
        "landed: running",
        "landed: success after 3.2 s",
        "answers: running",
    ]
