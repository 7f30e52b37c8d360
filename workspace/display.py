"""`display`, as notebooks call it: tables of frames and lists, streams as they come."""

from collections.abc import Sequence
from itertools import count
from typing import Any

import pandas as pd
from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame
from pyspark.sql.streaming.query import StreamingQuery

from workspace.screens import Screen, StreamView, Terminal
from workspace.tables import Rows


class Display:
    """The display of one notebook. Called as a function, it shows a value."""

    def __init__(self, screen: Screen | None = None) -> None:
        """Make the display of a notebook whose results a screen shows, by default the terminal."""
        self._screen = screen or Terminal()
        self._numbers = count(1)

    def __call__(self, value: object = None, *_: object, **options: str) -> None:
        """Show a frame, a stream, a list or anything else.

        Args:
            value: what to show; a streaming frame goes on in the background until the notebook ends.
            options: for a stream, as Databricks has them: streamName, checkpointLocation, processingTime.
        """
        if isinstance(value, DataFrame) and value.isStreaming:
            self._show_stream(value, options)
        elif (rows := self._rows(value)) is not None:
            self._screen.show_rows(rows)
        elif value is not None:
            self._screen.show_object(value)

    def _rows(self, value: object) -> Rows | None:
        """Return the rows of what has some, as many as the screen shows."""
        if isinstance(value, DataFrame):
            return _of_frame(value, self._screen.max_rows)
        if isinstance(value, pd.DataFrame | pd.Series):
            return _of_pandas(value, self._screen.max_rows)
        if isinstance(value, Sequence) and not isinstance(value, str | bytes):
            return _of_sequence(value, self._screen.max_rows)
        return None

    def _show_stream(self, frame: DataFrame, options: dict[str, str]) -> None:
        """Start a query whose micro-batches the screen shows."""
        name = options.get("streamName") or f"display_query_{next(self._numbers)}"
        view = self._screen.open_stream(name)
        view.follow(self._start(frame, name, view, options))

    def _start(
        self, frame: DataFrame, name: str, view: StreamView, options: dict[str, str]
    ) -> StreamingQuery:
        """Start a query; one that aggregates can only give its whole result at each micro-batch."""
        try:
            return self._writer(frame, view, options, replaces=False).queryName(name).start()  # type: ignore[no-any-return]
        except AnalysisException:
            return self._writer(frame, view, options, replaces=True).queryName(name).start()  # type: ignore[no-any-return]

    def _writer(self, frame: DataFrame, view: StreamView, options: dict[str, str], *, replaces: bool) -> Any:  # noqa: ANN401 - DataStreamWriter, whose trigger() is typed by overloads
        def show(batch: DataFrame, number: int) -> None:
            view.show_batch(_of_frame(batch, self._screen.max_rows), number, replaces=replaces)

        writer: Any = frame.writeStream.outputMode("complete" if replaces else "append").foreachBatch(show)
        if "checkpointLocation" in options:
            writer = writer.option("checkpointLocation", options["checkpointLocation"])
        if "processingTime" in options:
            writer = writer.trigger(processingTime=options["processingTime"])
        return writer


def _of_frame(frame: DataFrame, most: int) -> Rows:
    rows = frame.take(most + 1)
    return Rows(frame.columns, rows[:most], _note(len(rows), most))


def _of_pandas(value: "pd.DataFrame | pd.Series[Any]", most: int) -> Rows:
    frame = value.to_frame() if isinstance(value, pd.Series) else value
    top = frame.head(most)
    return Rows(
        [str(name) for name in top.columns],
        top.to_numpy(dtype=object).tolist(),
        _note(len(frame), most, exact=True),
    )


def _of_sequence(values: Sequence[object], most: int) -> Rows:
    """Return rows of a list: of named tuples such as dbutils.fs.ls gives, of Spark's rows, of objects, of values."""
    names = _names(values[0]) if values else []
    note = _note(len(values), most, exact=True)
    if names and all(_names(value) == names for value in values):
        return Rows(names, [_fields(value, names) for value in values[:most]], note)
    return Rows(["value"], [[value] for value in values[:most]], note)


def _names(value: Any) -> list[str]:  # noqa: ANN401 - anything that a notebook has
    if isinstance(value, dict):
        return [str(name) for name in value]
    names: Any = getattr(value, "__fields__", None) or getattr(value, "_fields", ())
    return list(names)


def _fields(value: Any, names: list[str]) -> list[object]:  # noqa: ANN401 - likewise
    return list(value.values()) if isinstance(value, dict) else [getattr(value, name) for name in names]


def _note(found: int, most: int, *, exact: bool = False) -> str:
    if found <= most:
        return f"{found:,} row{'' if found == 1 else 's'}"
    return f"the first {most:,} of {found:,} rows" if exact else f"the first {most:,} rows; there are more"
