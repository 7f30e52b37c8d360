"""Make of Airflow's runs what a page shows: a table, seconds by task, and what to do about a run that failed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.airflow import path_part, ui_url
from common.settings import Settings
from dashboard.charts import RED, STEPS
from dashboard.readings.dag_runs import DagRun, TaskRun
from dashboard.readings.scheduled import ScheduledRun
from dashboard.wording import shown
from operations.airflow.trigger import DAG

Spec = dict[str, Any]
Rows = list[dict[str, Any]]

LINK = "in Airflow"
"""The column of the table with the address of a run's page."""

_FAILED = "failed"
# By task, as docs/airflow.md has it at length.
_REMEDIES = {
    "landed": "`make status` shows whether the S3 sink works, `make logs SERVICE=s3-sink` says why not.",
    "clean_and_publish": "`make status` shows whether S3 and Postgres work.",
    "reconcile": "`make verify` names what does not add up, `make quarantine` shows what was rejected and why.",
    "answers": "`make status` shows whether Postgres works.",
}


@dataclass(frozen=True)
class Failure:
    """A run that failed: its failed tasks, what to do, and Airflow's page of the run."""

    run_id: str
    tasks: tuple[str, ...]
    remedies: tuple[str, ...]
    address: str


def dag_run_rows(settings: Settings, runs: Iterable[DagRun], kept: Iterable[ScheduledRun]) -> Rows:
    """Return a row for each run, with what it kept in Postgres where it passed."""
    by_id = {each.run_id: each for each in kept}
    return [_row(settings, run, by_id.get(run.run_id)) for run in runs]


def _row(settings: Settings, run: DagRun, kept: ScheduledRun | None) -> dict[str, Any]:
    return {
        "run": shown(run.run_id),
        "state": run.state,
        LINK: address(settings, run.run_id),
        "failed task": ", ".join(_failed(run)),
        "logical date (UTC)": _minute(run.logical_date),
        "started at (UTC)": _second(run.started_at),
        "seconds": None if run.seconds is None else round(run.seconds, 1),
        "records read": kept.read if kept else None,
        "in quarantine": kept.quarantined if kept else None,
        "rows served": kept.rows if kept else None,
    }


def address(settings: Settings, run_id: str) -> str:
    """Return where a browser on this machine finds Airflow's page of a run."""
    return f"{ui_url(settings)}/dags/{DAG}/runs/{path_part(run_id)}"


def task_chart(runs: Iterable[DagRun]) -> tuple[Spec, Rows]:
    """Return a bar for each run, of the seconds of its tasks; one that failed is red."""
    data = [
        _part(run, task, place)
        for run in runs
        for place, task in enumerate(run.tasks)
        if task.seconds is not None
    ]
    encoding = {
        "y": {"field": "run", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 300}},
        "x": {"field": "seconds", "type": "quantitative", "title": "seconds"},
        "color": {
            "condition": {"test": f"datum.state === '{_FAILED}'", "value": RED},
            "field": "task",
            "type": "nominal",
            "sort": None,
            "title": "task",
            **STEPS,
        },
        "order": {"field": "order", "type": "quantitative"},
        "tooltip": [{"field": name} for name in ("run", "task", "state", "seconds")],
    }
    return {"mark": {"type": "bar"}, "encoding": encoding}, data


def _part(run: DagRun, task: TaskRun, place: int) -> dict[str, Any]:
    return {
        "run": shown(run.run_id),
        "task": shown(task.name),
        "state": task.state or "",
        "seconds": task.seconds,
        "order": place,
    }


def failures(settings: Settings, runs: Sequence[DagRun]) -> list[Failure]:
    """Return the runs that have failed since one began that passed: what is amiss now, the newest first."""
    begun = {run.run_id: run.started_at for run in runs if run.started_at}
    passed = max(
        (begun[run.run_id] for run in runs if run.state == "success" and run.run_id in begun), default=None
    )
    return [
        Failure(run.run_id, _failed(run), _remedies(run), address(settings, run.run_id))
        for run in runs
        if run.state == _FAILED and (passed is None or run.run_id not in begun or begun[run.run_id] > passed)
    ]


def _failed(run: DagRun) -> tuple[str, ...]:
    return tuple(task.name for task in run.tasks if task.state == _FAILED)


def _remedies(run: DagRun) -> tuple[str, ...]:
    return tuple(_REMEDIES[name] for name in _failed(run) if name in _REMEDIES)


def _minute(when: datetime | None) -> str | None:
    return None if when is None else f"{when:%Y-%m-%d %H:%M}"


def _second(when: datetime | None) -> str | None:
    return None if when is None else f"{when:%Y-%m-%d %H:%M:%S}"
