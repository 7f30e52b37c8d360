"""Read what a request asks to be run. Fields that are unknown here are ignored, as the real API does.

Numbers may come as text: Airflow's operators send `"timeout_seconds": "600"`.
Reference: Databricks' REST API, Jobs, "Create and trigger a one-time run".
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from workspace.jobs.errors import ApiError, invalid

Body = Mapping[str, Any]


@dataclass(frozen=True)
class Submission:
    """A notebook to run.

    Attributes:
        notebook_path: as the workspace has it, with or without its suffix.
        parameters: the values of widgets.
        name: what people call the run.
        task_key: the name of its one task.
        timeout_seconds: after which it is ended; 0 for never.
        idempotency_token: a request with the token of an earlier one is that one; empty for none.
    """

    notebook_path: str
    parameters: dict[str, str] = field(default_factory=dict)
    name: str = "Untitled"
    task_key: str = "main"
    timeout_seconds: int = 0
    idempotency_token: str = ""


def read_submission(body: Body) -> Submission:
    """Return what a body of runs/submit, or the settings of a job, ask for: one notebook.

    A cluster, its libraries and who may see a run are of no concern to one Spark on one machine.

    Raises:
        ApiError: something else is asked for, or a value is not of its kind.
    """
    task = _one_task(body)
    notebook = task.get("notebook_task")
    if not isinstance(notebook, dict):
        others = sorted(name for name in task if name.endswith("_task"))
        what = f"{', '.join(others)} cannot be run here" if others else "there is no task"
        raise invalid(f"{what}: a notebook_task is what runs")
    if "git_source" in body or notebook.get("source") == "GIT":
        raise invalid("notebooks of a Git repository do not run here: clone it into NOTEBOOK_DIR")
    path = notebook.get("notebook_path")
    if not isinstance(path, str) or not path:
        raise invalid("Missing required field: notebook_task.notebook_path")
    return Submission(
        notebook_path=path,
        parameters=texts(notebook, "base_parameters"),
        name=str(body.get("run_name") or body.get("name") or "Untitled"),
        task_key=str(task.get("task_key") or "main"),
        timeout_seconds=max(number(task, "timeout_seconds", 0), number(body, "timeout_seconds", 0)),
        idempotency_token=str(body.get("idempotency_token") or ""),
    )


def _one_task(body: Body) -> Body:
    tasks = body.get("tasks")
    if tasks is None:
        return body
    if not isinstance(tasks, list) or not all(isinstance(task, dict) for task in tasks):
        raise invalid("tasks: expected a list of objects")
    if len(tasks) != 1:
        raise invalid(f"a run has one task here, not {len(tasks)}: let Airflow order them")
    only: Body = tasks[0]
    return only


def number(body: Body, name: str, default: int | None = None) -> int:
    """Return a whole number that may be given as text.

    Raises:
        ApiError: it is missing and has no default, or it is none.
    """
    value = body.get(name, default)
    if value is None:
        raise invalid(f"Missing required field: {name}")
    try:
        return int(str(value))
    except ValueError:
        raise invalid(f"{name}: expected a whole number, not {str(value)[:100]!r}") from None


def texts(body: Body, name: str) -> dict[str, str]:
    """Return an object's values as texts.

    Raises:
        ApiError: it is no object.
    """
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(f"{name}: expected an object, not {type(value).__name__}")
    return {str(key): str(each) for key, each in value.items()}


def as_object(value: object) -> Body:
    """Return a request's body.

    Raises:
        ApiError: it is no JSON object.
    """
    if not isinstance(value, dict):
        raise ApiError(
            400, "MALFORMED_REQUEST", "Invalid JSON given in the body of the request - expected a map"
        )
    return value
