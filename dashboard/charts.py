"""Describe charts in Vega-Lite, which Streamlit draws.

Altair, which writes the same descriptions, would take 45 MB of memory for it.
"""

from collections.abc import Sequence
from typing import Any

from dashboard.wording import shown
from operations.query import Answer, Value

Spec = dict[str, Any]
Rows = list[dict[str, Value]]

SHOWN_BARS = 30  # of an answer with a row for each of 240 countries; the table has all
# The answers whose rows are a line over the years, by the number of their query.
_LINES = {7, 8, 9}
_LABEL = "label"

# Seen on light and dark pages, by the color-blind too, and none is red: that means failed.
_PALETTE = ["#0072b2", "#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#999999"]
STEPS: Spec = {"scale": {"range": _PALETTE}, "legend": {"orient": "bottom"}}
"""The colors of the parts that a bar is made of, and their legend below it, which leaves the bars their width."""
RED, GREY = "#c62828", "#7b8794"
"""The colors of what has failed, and of what stands on a page that may be light or dark."""


def answer_chart(number: int, answer: Answer) -> tuple[Spec, Rows]:
    """Return the chart of an answer: its last column over the others; rows without a value are left out."""
    return _lines(answer) if number in _LINES else _bars(answer)


def _bars(answer: Answer) -> tuple[Spec, Rows]:
    """Return a bar for each row: of countries the longest first, else in the answer's order."""
    *dimensions, measure = answer.columns
    data = _rows(answer)
    for row in data:
        row[_LABEL] = " · ".join(str(row[name]) for name in dimensions)
    sort = None
    if dimensions[:1] == ["country"]:
        data, sort = sorted(data, key=lambda row: -_number(row[measure]))[:SHOWN_BARS], "-x"
    encoding: Spec = {
        "y": {"field": _LABEL, "type": "nominal", "sort": sort, "title": None, "axis": {"labelLimit": 300}},
        "x": {"field": measure, "type": "quantitative", "title": _title(measure)},
        "tooltip": [{"field": name, "title": _title(name)} for name in answer.columns],
    }
    if "category" in dimensions:
        encoding["color"] = {"field": "category", "type": "nominal", "title": "category"}
    return {"mark": {"type": "bar"}, "encoding": encoding}, data


def _lines(answer: Answer) -> tuple[Spec, Rows]:
    """Return a line over the years of the first column, for each value of the second one if there are three."""
    year, *series, measure = answer.columns
    encoding: Spec = {
        "x": {"field": year, "type": "ordinal", "title": _title(year)},
        "y": {"field": measure, "type": "quantitative", "title": _title(measure)},
        "tooltip": [{"field": name, "title": _title(name)} for name in answer.columns],
    }
    if series:
        encoding["color"] = {"field": series[0], "type": "nominal", "title": _title(series[0]), "sort": None}
    return {"mark": {"type": "line", "point": True}, "encoding": encoding}, _rows(answer)


def _rows(answer: Answer) -> Rows:
    rows = [dict(zip(answer.columns, map(_safe, row), strict=True)) for row in answer.rows]
    return [row for row in rows if row[answer.columns[-1]] is not None]


def _safe(value: Value) -> Value:
    return shown(value) if isinstance(value, str) else value


def _number(value: Value) -> float:
    return value if isinstance(value, int | float) else 0.0


def _title(column: str) -> str:
    return column.replace("_", " ")


def table(columns: Sequence[str], rows: Sequence[Sequence[Value]]) -> Rows:
    """Return rows for a table; text of records is made safe."""
    return [dict(zip(columns, map(_safe, row), strict=True)) for row in rows]
