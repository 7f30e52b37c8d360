"""Read Airflow's runs of the pipeline's DAG, over its REST API."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.airflow import AirflowApi, AirflowError
from common.settings import Settings
from operations.airflow.trigger import DAG

# On a busy machine the API takes seconds; a page does not wait for it.
_TIMEOUT_SECONDS = 5.0
_NEWEST = 15
_UNAUTHORIZED = 401


@dataclass(frozen=True)
class DagRun:
    """A run of the DAG: `seconds` is None while it runs; `tasks` has the seconds of each of its tasks that ended."""

    run_id: str
    state: str
    started_at: datetime | None
    seconds: float | None
    tasks: Mapping[str, float]


class AirflowRuns:
    """Reads the runs with one token, which lasts for a day: each log-in costs the server a third of a second."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._api: AirflowApi | None = None

    def read(self) -> tuple[DagRun, ...]:
        """Return the newest runs, the newest first.

        Raises:
            AirflowError: Airflow does not answer, or refuses.
        """
        self._api = self._api or AirflowApi(self._settings, _TIMEOUT_SECONDS)
        try:
            return _read(self._api)
        except AirflowError as error:
            if error.status == _UNAUTHORIZED:
                self._api = None
            raise


def _read(api: AirflowApi) -> tuple[DagRun, ...]:
    found = api.get(f"dags/{DAG}/dagRuns", limit=_NEWEST, order_by="-run_after")["dag_runs"]
    if not found:
        return ()
    since = min(run["run_after"] for run in found)
    tasks = api.get_all(f"dags/{DAG}/dagRuns/~/taskInstances", "task_instances", run_after_gte=since)
    return tuple(_run(run, tasks) for run in found)


def _run(run: Mapping[str, Any], tasks: list[dict[str, Any]]) -> DagRun:
    began, ended = _time(run["start_date"]), _time(run["end_date"])
    durations = {
        task["task_id"]: float(task["duration"])
        for task in tasks
        if task["dag_run_id"] == run["dag_run_id"] and task["duration"] is not None
    }
    seconds = (ended - began).total_seconds() if began and ended else None
    return DagRun(run["dag_run_id"], run["state"], began, seconds, durations)


def _time(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
