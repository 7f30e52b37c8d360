"""Runs of the DAG, as tests wait for them over Airflow's REST API."""

from typing import Any

from common.airflow import COMMAND_TIMEOUT_SECONDS, AirflowApi
from common.settings import Settings
from common.wait import wait_until
from operations.airflow import trigger
from tests.make import Make

# A run takes 20 to 40 s on two idle cores; the suite may share them with others. Where its scheduler was killed, a
# minute goes by until that is seen, and the task starts again: 150 s, times two.
RUN_SECONDS = 300.0


def task(api: AirflowApi, run_id: str, name: str) -> dict[str, Any]:
    """The task's newest try; empty while there is none."""
    return next((each for each in trigger.tasks_of(api, run_id) if each["task_id"] == name), {})


def wait_for_task(api: AirflowApi, run_id: str, name: str, state: str) -> dict[str, Any]:
    """The task once it is in the state."""

    def found() -> dict[str, Any]:
        now = task(api, run_id, name)
        return now if now.get("state") == state else {}

    return wait_until(found, timeout=RUN_SECONDS, what=f"task {name} of {run_id} to be {state}", interval=0.2)


def ended(api: AirflowApi, run_id: str) -> str:
    """Return how the run ended, once it has: success or failed."""
    state = wait_until(
        lambda: (found := trigger.run_of(api, run_id)["state"]) in ("success", "failed") and found,
        timeout=RUN_SECONDS,
        what=f"{run_id} to end",
        interval=0.5,
    )
    return str(state)


def pause(settings: Settings, *, paused: bool) -> None:
    """Pause the DAG, so that no run starts by itself, or let runs start again."""
    AirflowApi(settings, COMMAND_TIMEOUT_SECONDS).patch(f"dags/{trigger.DAG}", {"is_paused": paused})


def rebuilds(settings: Settings) -> list[str]:
    """The states of the runs that a lost bucket has started."""
    runs = AirflowApi(settings, COMMAND_TIMEOUT_SECONDS).get(f"dags/{trigger.DAG}/dagRuns", limit=100)[
        "dag_runs"
    ]
    return [run["state"] for run in runs if run["dag_run_id"].startswith("rebuild__")]


def wait_for_rebuilds(settings: Settings, count: int) -> None:
    """Until so many have ended, all of them well: the reconciliation passes too."""
    wait_until(
        lambda: rebuilds(settings) == ["success"] * count,
        timeout=RUN_SECONDS,
        what=f"{count} rebuilds to succeed",
        interval=1,
    )


def wait_for_step(make: Make, step: str = "done at ") -> None:
    """Until `make status` says that the rebuild of a lost bucket is at this step."""
    wait_until(
        lambda: f"Delta tables: {step}" in make("status"),
        timeout=RUN_SECONDS,
        what=f"the rebuild to be at: {step}",
        interval=1,
    )
