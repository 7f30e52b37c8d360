"""Make of the runs what a page shows: durations by step, throughput, links."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from common.airflow import ui_url
from common.profiles import is_enabled
from common.settings import Settings
from dashboard.charts import STEPS
from dashboard.readings.runs import Run
from dashboard.readings.scheduled import ScheduledRun
from dashboard.wording import shown
from operations.airflow.trigger import DAG

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

COSTED_RECORDS = 100
"""The fewest records by which a run's cost is shown: below, all of it is the run's start."""

# The areas of the smallest and the largest dot, in square pixels.
_DOT_PIXELS = [60, 400]


def run_rows(runs: Iterable[Run]) -> Rows:
    """Return a row for each run of the batch job."""
    return [
        {
            "run": run.run_id,
            "mode": mode_of(run),
            "started at (UTC)": f"{run.started_at:%Y-%m-%d %H:%M:%S}",
            "seconds": round(run.seconds, 1),
            "read": run.read,
            "cleaned": run.cleaned,
            "duplicate": run.duplicate,
            "quarantined": run.quarantined,
            "records/s": _rate(run),
            "error": shown(run.error),
        }
        for run in runs
    ]


def mode_of(run: Run) -> str:
    """Return a run's mode; a rebuild that read records before any were cleaned is the first run: nothing was lost."""
    return "first" if run.mode == "rebuild" and run.read and not run.before else run.mode


def _rate(run: Run) -> float | None:
    """Return the records a second, below 1 with a decimal; None of a run that read none."""
    if not run.read or not run.seconds:
        return None
    rate = run.read / run.seconds
    return round(rate) if rate >= 1 else round(rate, 1)


def scheduled_rows(runs: Iterable[ScheduledRun]) -> Rows:
    """Return a row for each of Airflow's runs that passed."""
    return [
        {
            "run": shown(run.run_id),
            "reconciled at (UTC)": f"{run.reconciled_at:%Y-%m-%d %H:%M:%S}",
            "seconds to the answers": None if run.answer_seconds is None else round(run.answer_seconds, 1),
            "records read": run.read,
            "in quarantine": run.quarantined,
            "rows served": run.rows,
        }
        for run in runs
    ]


def step_chart(steps: Mapping[str, Mapping[str, float]]) -> tuple[Spec, Rows]:
    """Return a bar for each run, of the seconds of its steps; the runs are in the given order."""
    data = [
        {"run": shown(run), "step": shown(step), "seconds": seconds, "order": place}
        for run, found in steps.items()
        for place, (step, seconds) in enumerate(found.items())
    ]
    encoding = {
        "y": {"field": "run", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 200}},
        "x": {"field": "seconds", "type": "quantitative", "title": "seconds"},
        "color": {"field": "step", "type": "nominal", "sort": None, "title": "step", **STEPS},
        "order": {"field": "order", "type": "quantitative"},
        "tooltip": [{"field": name} for name in ("run", "step", "seconds")],
    }
    return {"mark": {"type": "bar"}, "encoding": encoding}, data


def cost_chart(runs: Iterable[Run]) -> tuple[Spec, Rows]:
    """Return the seconds that 1,000 new records cost, over the records that were cleaned before.

    Good runs alone, of at least `COSTED_RECORDS` records.
    """
    data = [
        {
            "run": run.run_id,
            "mode": mode_of(run),
            "before": run.before,
            "read": run.read,
            "cost": 1_000 * run.seconds / run.read,
        }
        for run in runs
        if run.read >= COSTED_RECORDS and not run.error
    ]
    encoding = {
        "x": {
            "field": "before",
            "type": "quantitative",
            "title": "records cleaned by earlier runs",
            "axis": {"tickMinStep": 1, "format": ",d"},
        },
        "y": {"field": "cost", "type": "quantitative", "title": "seconds for 1,000 records"},
        "size": {
            "field": "read",
            "type": "quantitative",
            "title": "records read",
            "scale": {"range": _DOT_PIXELS},
            "legend": None,
        },
        "color": {"field": "mode", "type": "nominal", "title": "mode", "legend": {"orient": "bottom"}},
        "tooltip": [{"field": name} for name in ("run", "mode", "before", "read", "cost")],
    }
    return {"mark": {"type": "point", "filled": True}, "encoding": encoding}, data


@dataclass(frozen=True)
class Link:
    """The address of a UI, as a browser on this machine finds it, and what its user has to know."""

    address: str
    note: str = ""


def links(settings: Settings) -> dict[str, Link]:
    """Return by name the UIs of the services that COMPOSE_PROFILES chooses."""
    found = {
        "Airflow": (["airflow"], Link(f"{ui_url(settings)}/dags/{DAG}/runs")),
        "REST proxy's API": ([], Link(settings.rest_proxy.docs_url)),
        "JupyterLab": (
            ["notebook"],
            Link(settings.notebook.page_url, "Its token is NOTEBOOK_TOKEN in `.env`."),
        ),
    }
    return {
        name: link
        for name, (profiles, link) in found.items()
        if is_enabled(profiles, settings.compose_profiles)
    }
