"""`display` and `displayHTML`, as notebooks call them: tables of frames and lists, streams as they come."""

from collections.abc import Sequence
from html.parser import HTMLParser
from itertools import count
from typing import Any

import pandas as pd
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery
from rich.console import Console

from common.terminal import make_console
from workspace.tables import Rows, plain, print_rows

SHOWN_ROWS = 20
"""As many rows of a result are printed, as DataFrame.show does."""


class Display:
    """The display of one notebook. Called as a function, it shows a value."""

    def __init__(self) -> None:
        self._numbers = count(1)

    def __call__(self, value: object = None, *_: object, **options: str) -> None:
        """Show a frame, a stream, a list or anything else.

        Args:
            value: what to show; a streaming frame goes on in the background until the notebook ends.
            options: for a stream, as Databricks has them: streamName, checkpointLocation, processingTime.
        """
        if isinstance(value, DataFrame) and value.isStreaming:
            self._show_stream(value, options)
        elif isinstance(value, DataFrame):
            print_rows(_console(), _of_frame(value))
        elif isinstance(value, pd.DataFrame | pd.Series):
            print_rows(_console(), _of_pandas(value))
        elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
            print_rows(_console(), _of_sequence(value))
        elif value is not None:
            _console().print(plain(value))

    def _show_stream(self, frame: DataFrame, options: dict[str, str]) -> None:
        """Start a query that prints what comes."""
        name = options.get("streamName") or f"display_query_{next(self._numbers)}"
        writer = frame.writeStream.queryName(name).foreachBatch(
            lambda batch, number: _show_batch(name, batch, number)
        )
        if "checkpointLocation" in options:
            writer = writer.option("checkpointLocation", options["checkpointLocation"])
        if "processingTime" in options:
            writer = writer.trigger(processingTime=options["processingTime"])
        query = _start(writer)
        print(f"{query.name} shows what comes, until the notebook ends.")


def display_html(html: str) -> None:
    """Print the text of a page."""
    reader = _Text()
    reader.feed(html)
    reader.close()
    _console().print(" ".join("".join(reader.parts).split()))


def _start(writer: Any) -> StreamingQuery:  # noqa: ANN401 - DataStreamWriter, whose trigger() is typed by overloads
    """Start a query; one that aggregates can only give its whole result at each micro-batch."""
    try:
        return writer.outputMode("append").start()  # type: ignore[no-any-return]
    except AnalysisException:
        return writer.outputMode("complete").start()  # type: ignore[no-any-return]


def _show_batch(name: str, batch: DataFrame, number: int) -> None:
    shown = _of_frame(batch)
    if shown.rows:
        print_rows(_console(), Rows(shown.names, shown.rows, f"{name}, micro-batch {number}: {shown.note}"))


def _of_frame(frame: DataFrame) -> Rows:
    rows = frame.take(SHOWN_ROWS + 1)
    return Rows(frame.columns, rows[:SHOWN_ROWS], _note(len(rows)))


def _of_pandas(value: "pd.DataFrame | pd.Series[Any]") -> Rows:
    frame = value.to_frame() if isinstance(value, pd.Series) else value
    top = frame.head(SHOWN_ROWS)
    return Rows(
        [str(name) for name in top.columns],
        top.to_numpy(dtype=object).tolist(),
        _note(len(frame), exact=True),
    )


def _of_sequence(values: Sequence[object]) -> Rows:
    """Return rows of a list: of named tuples such as dbutils.fs.ls gives, of Spark's rows, of objects, of values."""
    names = _names(values[0]) if values else []
    if names and all(_names(value) == names for value in values):
        rows = [_fields(value, names) for value in values[:SHOWN_ROWS]]
        return Rows(names, rows, _note(len(values), exact=True))
    return Rows(["value"], [[value] for value in values[:SHOWN_ROWS]], _note(len(values), exact=True))


def _names(value: Any) -> list[str]:  # noqa: ANN401 - anything that a notebook has
    if isinstance(value, dict):
        return [str(name) for name in value]
    names: Any = getattr(value, "__fields__", None) or getattr(value, "_fields", ())
    return list(names)


def _fields(value: Any, names: list[str]) -> list[object]:  # noqa: ANN401 - likewise
    return list(value.values()) if isinstance(value, dict) else [getattr(value, name) for name in names]


def _note(found: int, *, exact: bool = False) -> str:
    if found <= SHOWN_ROWS:
        return f"{found} row{'' if found == 1 else 's'}"
    return (
        f"the first {SHOWN_ROWS} of {found:,} rows"
        if exact
        else f"the first {SHOWN_ROWS} rows; there are more"
    )


def _console() -> Console:
    """Return a console on what standard output is now: a run's own, which hides secrets."""
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
