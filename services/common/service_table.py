"""The table of services that `make up` and `make status` print, in local mode and in containers alike."""

from collections.abc import Iterable
from dataclasses import dataclass

from rich.markup import escape
from rich.table import Table


@dataclass(frozen=True)
class Line:
    """A service: why it is not as it should be (None if it is), where to connect, and the bytes that it holds."""

    name: str
    problem: str | None
    one_shot: bool
    url: str
    memory: int


def service_table(lines: Iterable[Line]) -> Table:
    """A row for each service."""
    table = Table(box=None, header_style="bold")
    table.add_column("service", no_wrap=True)
    table.add_column("state")
    # On a narrow terminal an address goes on in the next line: cut, it would be of no use.
    table.add_column("URL or connection string", overflow="fold")
    table.add_column("memory", no_wrap=True)
    for line in lines:
        table.add_row(line.name, _state(line), line.url, _memory(line.memory))
    return table


def _state(line: Line) -> str:
    if line.problem:
        return f"[yellow]{escape(line.problem.splitlines()[0][:60])}[/]"
    return "[green]done[/]" if line.one_shot else "[green]healthy[/]"


def _memory(resident: int) -> str:
    return f"{resident / 1024**2:.0f} MB" if resident else ""
