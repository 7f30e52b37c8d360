"""The table of services that `make up` and `make status` print, in local mode and in containers alike."""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.text import Text

from common.terminal import cell

_STATE_WIDTH = 60
_NARROW_STATE_WIDTH = 36  # 21 of the longest name, 7 of the memory, 4 between them: 68 in all
_HEADER = ("service", "state", "memory", "URL or connection string")


@dataclass(frozen=True)
class Line:
    """A service: why it is not as it should be (None if it is), where to connect, and the bytes that it holds."""

    name: str
    problem: str | None
    one_shot: bool
    url: str
    memory: int


def service_table(lines: Iterable[Line]) -> Text:
    """A line for each service, cut where a terminal is too narrow: a picture that changes must keep its height."""
    rows = [[Text(title, "bold") for title in _HEADER], *map(_cells, lines)]
    return Text("\n", no_wrap=True, overflow="ellipsis").join(_aligned(rows))


def print_services(console: Console, lines: Sequence[Line]) -> None:
    """The table as it stays, and under it each problem in full.

    An address has no break within it, so that it can be copied: where the terminal is too narrow it has its own line.
    """
    table = service_table(lines)
    widest = max(len(line) for line in table.split())
    # A container is told the width of the caller's terminal; a file has none.
    watched = console.is_terminal or "COLUMNS" in os.environ
    console.print(_blocks(lines) if watched and widest > console.width else table, soft_wrap=True)
    ill = [line for line in lines if line.problem]
    if ill:
        reasons = "".join(f"{line.name}: {line.problem}\n" for line in ill)
        hint = f"`make logs SERVICE={ill[0].name}` shows its log; `make up` starts what has stopped."
        console.print(f"\n{reasons}{hint}", style="yellow", highlight=False, soft_wrap=True)


def _blocks(lines: Sequence[Line]) -> Text:
    """The table with each address below its service."""
    titles = [Text(title, "bold") for title in _HEADER[:-1]]
    header, *rows = _aligned([titles, *(_cells(line, _NARROW_STATE_WIDTH)[:-1] for line in lines)])
    addresses = [[Text("    ").append_text(cell(each.url))] if each.url else [] for each in lines]
    parts = [
        header,
        *(part for row, address in zip(rows, addresses, strict=True) for part in (row, *address)),
    ]
    return Text("\n").join(parts)


def _aligned(rows: list[list[Text]]) -> list[Text]:
    *widths, _ = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        for each, width in zip(row, widths, strict=False):
            each.pad_right(width - len(each))
    return [Text("  ").join(row) for row in rows]


def _cells(line: Line, state_width: int = _STATE_WIDTH) -> list[Text]:
    return [cell(line.name), _state(line, state_width), Text(_memory(line.memory)), cell(line.url)]


def _state(line: Line, width: int) -> Text:
    if line.problem:
        state = cell(line.problem.splitlines()[0], "yellow")
        state.truncate(width, overflow="ellipsis")
        return state
    return Text("done" if line.one_shot else "healthy", "green")


def _memory(resident: int) -> str:
    return f"{resident / 1024**2:.0f} MB" if resident else ""


def print_notes(console: Console, notes: Sequence[str]) -> None:
    """Print what there is to say of services below their table, a line each; a narrow terminal wraps it by itself."""
    if notes:
        console.print("", *notes, sep="\n", highlight=False, markup=False, soft_wrap=True)
