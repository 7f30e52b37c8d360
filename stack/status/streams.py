"""Show the streaming writer's queries in `make status`."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from common.settings import Settings
from common.state_file import news
from common.visible import visible


def print_streams(console: Console, settings: Settings) -> None:
    """A row for each query, then what ended them, in full; nothing while the writer does not say anything."""
    queries = news(settings.state_dir, "streaming-writer").get("queries")
    if queries is None:
        return
    console.print()
    console.print(_table(queries))
    for query in queries:
        if error := _error(query):
            console.print(error, soft_wrap=True)


def _table(queries: list[dict[str, Any]]) -> Table:
    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("query")
    shown.add_column("reads", overflow="fold")
    for name in ("records/s", "waiting", "oldest"):
        shown.add_column(name, justify="right")
    for query in queries:
        shown.add_row(*_cells(query))
    return shown


def _cells(query: dict[str, Any]) -> list[str]:
    """Name, source, rate, records that wait, age of the oldest."""
    rate, records, seconds = query["rate"], query["lag_records"], query["lag_seconds"]
    return [
        query["name"],
        query["source"],
        "" if rate is None else f"{rate:,.0f}",
        "?" if records is None else f"{records:,}",
        "?" if seconds is None else f"{seconds:,.1f} s",
    ]


def _error(query: dict[str, Any]) -> Text | None:
    if query["problem"]:
        return Text(visible(f"{query['name']} does not run: {query['problem']}"), "red")
    if query["last_error"]:
        return Text(visible(f"{query['name']}, recovered from: {query['last_error']}"), "dim")
    return None
