"""Runs of the DAG, as tests wait for them over Airflow's REST API."""

from typing import Any

from services.airflow import trigger
from services.common.airflow import AirflowApi
from services.common.wait import wait_until

# A run takes 20 to 40 s on two idle cores; the suite may share them with others. Where its scheduler was killed, a
# minute goes by until that is seen, and the task starts again: 150 s, times two.
RUN_SECONDS = 300.0


def task(api: AirflowApi, run_id: str, name: str) -> dict[str, Any]:
    """The task's newest try; empty while there is none."""
    return next((each for each in trigger.tasks_of(api, run_id) if each["task_id"] == name), {})


def wait_for_task(api: AirflowApi, run_id: str, name: str, state: str) -> dict[str, Any]:
    """The task once it is in the state."""
    found: dict[str, Any] = wait_until(
        lambda: (now := task(api, run_id, name)).get("state") == state and now,
        timeout=RUN_SECONDS,
        what=f"task {name} of {run_id} to be {state}",
        interval=0.2,
    )
    return found


def ended(api: AirflowApi, run_id: str) -> str:
    """How the run ended, once it has: success or failed."""
    state = wait_until(
        lambda: (found := trigger.run_of(api, run_id)["state"]) in ("success", "failed") and found,
        timeout=RUN_SECONDS,
        what=f"{run_id} to end",
        interval=0.5,
    )
    return str(state)
