"""Show a notebook's results in a browser: tables, pages, Markdown, and streams as they come."""

import sys
import threading
from collections import deque
from collections.abc import Sequence
from html import escape
from typing import Any

from IPython.display import display, publish_display_data
from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

from workspace.tables import Rows, plain

MAX_ROWS = 1_000
"""As many rows of a result are shown, as Databricks shows."""
# A thousand rows of longer values would make a page of many megabytes.
_CELL_CHARACTERS = 1_000
_BOX = "max-height: 28em; overflow: auto"
# Without allow-same-origin: a page, or what data put into it, is not to use this server as its reader does.
_FRAME = (
    '<iframe sandbox="allow-scripts allow-popups" style="width: 100%; height: 24em; border: 0; resize: vertical" '
    'srcdoc="{}"></iframe>'
)


class Browser:
    """Publishes results as Jupyter's messages."""

    max_rows = MAX_ROWS

    def show_rows(self, shown: Rows) -> None:
        """Publish a table."""
        _publish(shown)

    def show_object(self, value: object) -> None:
        """Publish whatever IPython can show of a value, such as a figure's image."""
        display(value)
        _close(value)

    def show_page(self, html: str) -> None:
        """Publish a page, in a frame of its own."""
        publish_display_data({"text/html": _FRAME.format(escape(html)), "text/plain": "a page of HTML"})

    def show_markdown(self, text: str) -> None:
        """Publish Markdown."""
        publish_display_data({"text/markdown": text.strip(), "text/plain": text.strip()})

    def open_stream(self, name: str) -> "BrowserStream":
        """Return a table that changes as rows come."""
        return BrowserStream(name)


class BrowserStream:
    """A stream's newest rows, in one table that is replaced at each micro-batch."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._rows: deque[Sequence[object]] = deque(maxlen=MAX_ROWS)
        self._names: Sequence[str] = ()
        self._number = 0
        self._lock = threading.Lock()  # micro-batches and the query's end come from threads of their own
        self._handle = display({"text/plain": f"{name}: no rows yet"}, raw=True, display_id=True)

    def show_batch(self, batch: Rows, number: int, *, replaces: bool) -> None:
        """Add a micro-batch's rows, or have them alone where they are the whole result so far."""
        with self._lock:
            if replaces:
                self._rows.clear()
            self._rows.extend(batch.rows)
            self._names, self._number = batch.names, number
            self._update("refreshes until its query or the kernel is stopped")

    def follow(self, query: StreamingQuery) -> None:
        """Say when the query has ended, and why."""
        threading.Thread(
            target=self._wait, args=[query], name=f"display of {self._name}", daemon=True
        ).start()

    def _wait(self, query: StreamingQuery) -> None:
        try:
            query.awaitTermination()
            state = "stopped"
        except StreamingQueryException as error:
            state = f"failed: {error}"
        with self._lock:
            self._update(state)

    def _update(self, state: str) -> None:
        count = len(self._rows)
        newest = (
            f"the newest {count:,} rows" if count == MAX_ROWS else f"{count:,} row{'' if count == 1 else 's'}"
        )
        note = f"{self._name}, micro-batch {self._number}: {newest}; {state}"
        self._handle.update(_bundle(Rows(self._names, [*self._rows], note)), raw=True)


def table_html(shown: Rows) -> str:
    """Return a table of HTML, in which nothing of the data is markup."""
    head = "".join(f"<th>{escape(name)}</th>" for name in shown.names)
    body = "".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in shown.rows)
    return (
        f'<div style="{_BOX}"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        f"<p><small>{escape(shown.note)}</small></p>"
    )


def _cell(value: object) -> str:
    if value is None:
        return "<td><i>null</i></td>"
    text = plain(value)
    cut = text if len(text) <= _CELL_CHARACTERS else f"{text[:_CELL_CHARACTERS]}..."
    return f'<td style="text-align: left">{escape(cut)}</td>'


def _publish(shown: Rows) -> None:
    publish_display_data(_bundle(shown))


def _bundle(shown: Rows) -> dict[str, str]:
    return {"text/html": table_html(shown), "text/plain": f"{', '.join(shown.names)}: {shown.note}"}


def _close(value: Any) -> None:  # noqa: ANN401 - anything that a notebook has
    """Close a figure of pyplot's, all open ones of which IPython shows at the cell's end."""
    pyplot: Any = sys.modules.get("matplotlib.pyplot")
    if pyplot and isinstance(value, sys.modules["matplotlib.figure"].Figure):
        pyplot.close(value)
