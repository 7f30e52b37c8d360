"""Make of the quality readings what a page shows: charts, tables, and which thresholds are broken."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from common.settings import Settings
from dashboard.charts import RED
from dashboard.readings.quality import Measured, QualityData, Rejected
from dashboard.wording import shown
from operations.quarantine import Row
from operations.verify import quality

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)
_AMBER = "#ef6c00"
_LINE_PIXELS = 14


def rejected_chart(rejected: Iterable[Rejected]) -> tuple[Spec, Rows]:
    """Return the rejected records over time, by path and reason; a record may have several reasons."""
    rejected = [*rejected]
    data = [
        {
            "began": each.began.isoformat(),
            "ended": each.ended.isoformat(),
            "reason": f"{each.path}: {shown(each.reason)}",
            "records": each.records,
        }
        for each in rejected
    ]
    encoding = {
        "x": {
            "field": "began",
            "type": "temporal",
            "scale": {"type": "utc"},
            "title": "quarantined at (UTC)",
            "axis": _time_axis(rejected) if rejected else {},
        },
        "x2": {"field": "ended"},
        "y": {"field": "records", "type": "quantitative", "title": "records", "stack": "zero"},
        "color": {"field": "reason", "type": "nominal", "title": "path: reason"},
        "tooltip": [{"field": "reason"}, {"field": "records"}, {"field": "began", "type": "temporal"}],
    }
    return {"mark": {"type": "bar", "orient": "vertical"}, "encoding": encoding}, data


def _time_axis(rejected: Sequence[Rejected]) -> Spec:
    """Return an axis with a tick at the ends of each bar's place, as far as there is room for their labels."""
    first, last = min(each.began for each in rejected), max(each.ended for each in rejected)
    step = rejected[0].ended - rejected[0].began
    form = "%H:%M" if step < _HOUR else "%m-%d %H:%M" if step < _DAY else "%Y-%m-%d"
    # Of Vega's own ticks, several are within a minute; an interval of minutes, which its schema has, it cannot draw.
    ticks = [first + step * number for number in range((last - first) // step + 1)]
    # As text: of a number Streamlit's interpreter of Vega makes a year, so that no tick was drawn.
    texts = [tick.isoformat() for tick in ticks]
    return {"format": form, "values": texts, "labelOverlap": True, "grid": False}


def null_chart(settings: Settings, measured: Iterable[Measured]) -> tuple[Spec, Rows]:
    """Return the share of nulls of each column, and the thresholds as lines."""
    data = [
        {"column": f"{each.quality.table}.{name}", "share": share}
        for each in measured
        for name, share in each.quality.null_rates.items()
    ]
    bars = {
        "mark": {"type": "bar"},
        "encoding": {
            "y": {
                "field": "column",
                "type": "nominal",
                "sort": None,
                "title": None,
                "axis": {"labelLimit": 300},
            },
            "x": {
                "field": "share",
                "type": "quantitative",
                "title": "share of nulls",
                "scale": {"domain": [0, 1]},
                "axis": {"format": "%"},
            },
            "tooltip": [{"field": "column"}, {"field": "share", "type": "quantitative", "format": ".2%"}],
        },
    }
    allowed = settings.quality.null
    rules = [_rule(allowed.warn, _AMBER, "warns", line=1), _rule(allowed.fail, RED, "fails", line=2)]
    return {"layer": [bars, *rules]}, data


def _rule(share: float, color: str, result: str, line: int) -> Spec:
    """Return a dashed line at a share, and above the bars, on a line of its own, what it means."""
    rule = {"mark": {"type": "rule", "color": color, "strokeDash": [4, 4]}}
    label = {
        "mark": {
            "type": "text",
            "color": color,
            "align": "left",
            "baseline": "bottom",
            "dy": -_LINE_PIXELS * (line - 1),
        },
        "encoding": {"y": {"value": -2}, "text": {"value": f"{result} above {100 * share:.3g} %"}},
    }
    x = {"x": {"datum": share, "type": "quantitative"}}
    # Of one row of its own: else both are drawn once for each column.
    return {"data": {"values": [{}]}, "encoding": x, "layer": [rule, label]}


def broken(settings: Settings, measured: Sequence[Measured]) -> tuple[list[str], list[str]]:
    """Return the warnings and the failures of the last scheduled run, each with its numbers."""
    found = [quality.validate(settings, each.quality, each.rows_before) for each in measured]
    return [text for warnings, _ in found for text in warnings], [
        text for _, texts in found for text in texts
    ]


def fates(data: QualityData) -> Rows:
    """Return a row for each path and table: what became of the records that were read."""
    return [
        {
            "path": path,
            "table": table,
            "read": counts.read,
            "cleaned": counts.cleaned,
            "duplicate": counts.duplicate,
            "quarantined": counts.quarantined,
            "quarantined %": round(100 * counts.quarantined / counts.read, 2) if counts.read else None,
        }
        for path, tables in (("batch", data.batch), ("speed", data.speed))
        for table, counts in tables.items()
    ]


def warned(data: QualityData) -> Rows:
    """Return a row for each path, table and kind of value that became null."""
    return [
        {"path": each.path, "table": each.table, "value": shown(each.kind), "became null": each.values}
        for each in data.warned
    ]


def samples(found: Iterable[Row]) -> Rows:
    """Return a row for each record; its text as far as a cell shows it."""
    return [
        {
            "quarantined at (UTC)": f"{when:%Y-%m-%d %H:%M:%S}",
            "reasons": shown(", ".join(reasons)),
            "from": shown(source),
            "record": shown(raw),  # the last, where a narrow window cuts it off
        }
        for when, source, reasons, raw in found
    ]
