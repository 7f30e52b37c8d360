"""Ask Airflow for its runs of the DAG and their tasks, as a user who can do no more than that."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from common.airflow import AirflowApi, AirflowError, reader
from common.settings import Settings
from operations.airflow.trigger import DAG, TASKS

# A call takes milliseconds, the log-in before the first one half a second; on a busy machine, many times that.
_TIMEOUT_SECONDS = 5.0
SECONDS = 3 * _TIMEOUT_SECONDS
"""The bound of a reading: the log-in, the runs, their tasks."""
_NEWEST = 25  # with four tasks each, a page of the API's

Json = dict[str, Any]


@dataclass(frozen=True)
class TaskRun:
    """A task of a run, its newest try; `state` is Airflow's word, None before the task is due."""

    name: str
    state: str | None
    seconds: float | None


@dataclass(frozen=True)
class DagRun:
    """A run of the DAG.

    Attributes:
        run_id: Airflow's.
        state: queued, running, success or failed.
        logical_date: the noon that a scheduled run is for; None of one that was started by hand.
        started_at: None while it is queued.
        seconds: from its start to its end, or until now.
        tasks: in their order.
    """

    run_id: str
    state: str
    logical_date: datetime | None
    started_at: datetime | None
    seconds: float | None
    tasks: tuple[TaskRun, ...] = ()


class DagRunReader:
    """Read the runs, and keep the log-in for the next time."""

    def __init__(self) -> None:
        self._api: AirflowApi | None = None

    def read(self, settings: Settings) -> tuple[DagRun, ...]:
        """Return the newest runs, the newest first.

        Raises:
            AirflowError: Airflow does not answer, or refuses.
        """
        try:
            return self._read(settings)
        except AirflowError as error:
            self._api = None
            # A token is good for a day.
            if error.status != httpx.codes.UNAUTHORIZED:
                raise
            return self._read(settings)

    def _read(self, settings: Settings) -> tuple[DagRun, ...]:
        self._api = self._api or AirflowApi(settings, _TIMEOUT_SECONDS, reader)
        path = f"dags/{DAG}/dagRuns"
        runs = self._api.get(path, limit=_NEWEST, order_by="-run_after")["dag_runs"]
        if not runs:
            return ()
        since = min(run["run_after"] for run in runs)
        tasks = self._api.get_all(f"{path}/~/taskInstances", "task_instances", run_after_gte=since)
        return tuple(
            _dag_run(run, [task for task in tasks if task["dag_run_id"] == run["dag_run_id"]]) for run in runs
        )


def _dag_run(run: Json, tasks: Iterable[Json]) -> DagRun:
    found = [TaskRun(task["task_id"], task["state"], task["duration"]) for task in tasks]
    return DagRun(
        run["dag_run_id"],
        run["state"],
        _time(run["logical_date"]),
        _time(run["start_date"]),
        run["duration"],
        tuple(sorted(found, key=_place)),
    )


def _place(task: TaskRun) -> int:
    """Return the task's place in the DAG; one that an earlier version of the DAG had is last."""
    return TASKS.index(task.name) if task.name in TASKS else len(TASKS)


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
