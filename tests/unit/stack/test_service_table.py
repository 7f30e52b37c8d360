"""The table of services, as it stays on a screen and as it changes."""

import io

import pytest
from rich.console import Console
from rich.live import Live

from common.terminal import make_console
from stack.status.service_table import Line, print_services, service_table

URL = "postgresql://analyst@127.0.0.1:5432/pinterest, schema speed"
LINES = [
    Line("streaming-writer", None, one_shot=False, url=URL, memory=2**31),
    Line("airflow-init", None, one_shot=True, url="", memory=0),
    Line("kafka", "no broker [at] 127.0.0.1:9092\nsecond line", one_shot=False, url="", memory=0),
]


@pytest.fixture(autouse=True)
def _no_width_of_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)


def _narrow() -> Console:
    return make_console(file=io.StringIO(), width=80)


def _printed(console: Console) -> list[str]:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_an_address_stays_in_one_line_on_a_narrow_terminal() -> None:
    console = _narrow()
    print_services(console, LINES)
    header, writer, init, kafka, *_ = _printed(console)
    assert header.split(maxsplit=3) == ["service", "state", "memory", "URL or connection string"]
    assert writer.split(maxsplit=4) == ["streaming-writer", "healthy", "2048", "MB", URL]
    assert init.split() == ["airflow-init", "done"]
    assert kafka.rstrip().endswith(" no broker [at] 127.0.0.1:9092")
    assert writer.index("2048") == header.index("memory")


def test_problems_come_in_full_under_the_table_with_what_to_do() -> None:
    console = _narrow()
    problem = "x" * 100
    print_services(console, [*LINES, Line("mysql", problem, one_shot=False, url="", memory=0)])
    assert _printed(console)[4].rstrip().endswith(" " + 59 * "x" + "…")
    assert _printed(console)[5:] == [
        "",
        "kafka: no broker [at] 127.0.0.1:9092",
        "second line",
        f"mysql: {problem}",
        "`make logs SERVICE=kafka` shows its log; `make up` starts what has stopped.",
    ]


def test_where_all_is_well_the_table_is_all() -> None:
    console = _narrow()
    print_services(console, LINES[:2])
    assert len(_printed(console)) == 3


def test_a_picture_that_changes_has_one_line_for_each_service() -> None:
    console = _narrow()
    with Live(service_table(LINES), console=console):
        pass
    assert len(_printed(console)) == 1 + len(LINES)
    assert _printed(console)[1].endswith("…")


@pytest.mark.parametrize("told", ["terminal", "COLUMNS"])
def test_a_terminal_of_80_columns_has_each_address_whole_on_its_own_line(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if told == "COLUMNS":
        monkeypatch.setenv("COLUMNS", "80")
    console = make_console(file=io.StringIO(), width=80, force_terminal=told == "terminal", color_system=None)
    url = "http://127.0.0.1:8080, user admin, AIRFLOW_PASSWORD in .env"
    service = Line("airflow-dag-processor", "x" * 100, one_shot=False, url=url, memory=2**31)
    print_services(console, [service, *LINES[1:2]])
    header, row, address, init, *_ = (line.rstrip() for line in _printed(console))
    assert header.split() == ["service", "state", "memory"]
    assert address == f"    {url}"
    assert row.split()[0] == "airflow-dag-processor"
    assert init.split() == ["airflow-init", "done"]
    assert max(map(len, (header, row, address, init))) <= 80
