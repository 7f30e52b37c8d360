"""Screens, which show a notebook's results: a terminal here, a browser in workspace.kernel.browser."""

from html.parser import HTMLParser
from typing import Protocol

from pyspark.sql.streaming.query import StreamingQuery
from rich.console import Console
from rich.markdown import Markdown

from common.terminal import make_console
from workspace.tables import Rows, plain, print_rows


class StreamView(Protocol):
    """The place where the rows of one stream are shown."""

    def show_batch(self, batch: Rows, number: int, *, replaces: bool) -> None:
        """Show a micro-batch; one that replaces is the whole result so far."""

    def follow(self, query: StreamingQuery) -> None:
        """Take the query, which has begun."""


class Screen(Protocol):
    """Shows a notebook's results.

    Attributes:
        max_rows: as many rows of a result are shown.
    """

    max_rows: int

    def show_rows(self, shown: Rows) -> None:
        """Show a table."""

    def show_object(self, value: object) -> None:
        """Show what has no rows."""

    def show_page(self, html: str) -> None:
        """Show a page of HTML."""

    def show_markdown(self, text: str) -> None:
        """Show text in Markdown."""

    def open_stream(self, name: str) -> StreamView:
        """Return a place for the rows of a stream."""


class Terminal:
    """Prints on what standard output is now: a run's own, which hides secrets."""

    max_rows = 20  # as DataFrame.show has

    def show_rows(self, shown: Rows) -> None:
        """Print a table."""
        print_rows(_console(), shown)

    def show_object(self, value: object) -> None:
        """Print a value as text."""
        _console().print(plain(value))

    def show_page(self, html: str) -> None:
        """Print the text of a page."""
        reader = _Text()
        reader.feed(html)
        reader.close()
        _console().print(" ".join("".join(reader.parts).split()))

    def show_markdown(self, text: str) -> None:
        """Print Markdown, its headings and lists laid out."""
        make_console().print(Markdown(text))

    def open_stream(self, name: str) -> "StreamView":
        """Return what prints a stream's micro-batches one below the other."""
        return _PrintedStream(self, name)


class _PrintedStream:
    def __init__(self, terminal: Terminal, name: str) -> None:
        self._terminal = terminal
        self._name = name

    def show_batch(self, batch: Rows, number: int, *, replaces: bool) -> None:  # noqa: ARG002 - all are printed
        """Print a micro-batch that has rows."""
        if batch.rows:
            note = f"{self._name}, micro-batch {number}: {batch.note}"
            self._terminal.show_rows(Rows(batch.names, batch.rows, note))

    def follow(self, query: StreamingQuery) -> None:
        """Say that it has begun."""
        print(f"{query.name} shows what comes, until the notebook ends.")


def _console() -> Console:
    return make_console(highlight=False)


class _Text(HTMLParser):
    """The text of a page, without scripts and styles."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._hidden = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002 - the base's
        """Leave out what a page does not show; part what it shows on lines of its own."""
        self._hidden += tag in {"script", "style"}
        self.parts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """End what a page does not show."""
        self._hidden -= tag in {"script", "style"}

    def handle_data(self, data: str) -> None:
        """Keep what a page shows."""
        if not self._hidden:
            self.parts.append(data)
