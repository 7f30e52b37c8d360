"""What commands show of their waiting where there is no terminal."""

import io

import pytest
from rich.console import Console

from services.common.progress import Announcer, live_status


@pytest.fixture
def file() -> Console:
    return Console(file=io.StringIO(), width=80)


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
        announcer.announce(well)
    assert _printed(file) == ["mysql is up after 0 s", "airflow is up after 0 s"]


def test_a_terminal_shows_its_table_alone() -> None:
    terminal = Console(file=io.StringIO(), force_terminal=True)
    announcer = Announcer(terminal, known=set())
    announcer.announce({"kafka"})
    assert _printed(terminal) == []
