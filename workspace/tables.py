"""Tables of a notebook's results, readable in a terminal of 80 columns."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from common.terminal import cell

# A narrower column breaks most words; a table that would need such is shown row by row.
_COLUMN_WIDTH = 9
_ROWS_ONE_BY_ONE = 5
# A page of text in one cell would hide the other rows.
_CELL_CHARACTERS = 300


@dataclass(frozen=True)
class Rows:
    """Rows to show.

    Attributes:
        names: the columns.
        rows: as many as are shown, at most.
        note: how many there are, or what is left out.
    """

    names: Sequence[str]
    rows: Sequence[Sequence[object]]
    note: str


def print_rows(console: Console, shown: Rows) -> None:
    """Print the rows as a table or, where that would be too narrow, each row's values one below the other."""
    wide = len(shown.names) * (_COLUMN_WIDTH + 3) + 1 > console.width
    console.print(_one_by_one(shown) if wide else _table(shown))
    left_out = len(shown.rows) - _ROWS_ONE_BY_ONE
    more = (
        f"; the first {_ROWS_ONE_BY_ONE} are shown, display fewer columns to see more"
        if wide and left_out > 0
        else ""
    )
    console.print(Text(f"{shown.note}{more}"), style="dim")


def _table(shown: Rows) -> Table:
    table = Table()
    for name in shown.names:
        table.add_column(cell(name), overflow="fold")
    for row in shown.rows:
        table.add_row(*map(_value, row))
    return table


def _one_by_one(shown: Rows) -> RenderableType:
    tables = []
    for number, row in enumerate(shown.rows[:_ROWS_ONE_BY_ONE], start=1):
        table = Table(title=f"row {number}", title_justify="left", show_header=False)
        table.add_column(no_wrap=True)
        table.add_column(overflow="fold")
        for name, value in zip(shown.names, row, strict=True):
            table.add_row(cell(str(name)), _value(value))
        tables.append(table)
    return Group(*tables)


def _value(value: object) -> Text:
    text = plain(value)
    cut = text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}..."
    return cell(cut, "dim" if value is None else "")


def plain(value: object) -> str:
    """Return a value as text: null as SQL has it, moments in UTC as ISO 8601 has them, bytes in base64."""
    if value is None:
        return "null"
    if isinstance(value, bytes | bytearray):
        return b64encode(value).decode("ascii")
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).isoformat(sep=" ")
    if (
        isinstance(value, (list, tuple))
        and not hasattr(value, "_fields")
        and not hasattr(value, "__fields__")
    ):
        return f"[{', '.join(map(plain, value))}]"
    return str(value)
