"""How the streaming writer's queries are, as `make status` shows it."""

from typing import Any

from rich.markup import escape
from rich.table import Table

from services.common.settings import Settings
from services.common.state_file import news


def table(settings: Settings) -> Table | None:
    """A row for each query; None while the writer does not say anything."""
    queries = news(settings.state_dir, "streaming-writer").get("queries")
    if queries is None:
        return None
    shown = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 2, 0, 0))
    shown.add_column("query")
    shown.add_column("reads", overflow="fold")
    for name in ("records/s", "waiting", "oldest"):
        shown.add_column(name, justify="right")
    shown.add_column("last error", overflow="fold")
    for query in queries:
        shown.add_row(*_cells(query))
    return shown


def _cells(query: dict[str, Any]) -> list[str]:
    """Name, source, rate, records that wait, age of the oldest, last error."""
    rate, records, seconds = query["rate"], query["lag_records"], query["lag_seconds"]
    return [
        query["name"],
        query["source"],
        "" if rate is None else f"{rate:,.0f}",
        "?" if records is None else f"{records:,}",
        "?" if seconds is None else f"{seconds:,.1f} s",
        _error(query),
    ]


def _error(query: dict[str, Any]) -> str:
    if query["problem"]:
        return f"[red]{escape(query['problem'])}[/]"
    return f"[dim]mended: {escape(query['last_error'])}[/]" if query["last_error"] else ""
