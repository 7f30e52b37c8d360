"""Start a run of the DAG and follow it: `python -m operations.airflow.trigger`, in the Makefile `make trigger`.

Over the REST API: Airflow's own command line takes 11 to 25 s a call.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table as Grid

from common.airflow import COMMAND_TIMEOUT_SECONDS, AirflowApi, AirflowError, path_part, ui_url
from common.command import run_command
from common.progress import StateLines
from common.settings import load_settings
from common.terminal import make_console, note
from common.wait import wait_until
from contracts.tables import OneTableOrAll
from operations.airflow import outcome

DAG = "pinterest_batch"
TASKS = ("landed", "clean_and_publish", "reconcile", "answers")
"""Its tasks, in their order."""
# A fresh start parses the DAG file within 30 s of being healthy; a busy machine may need twice that.
_PARSED_SECONDS = 90.0
# A full rebuild of a million posts takes 5 minutes, its retries likewise.
_RUN_SECONDS = 3600.0
_ENDED = ("success", "failed")
_LOG_LINES = 30

Run = dict[str, Any]


def start(api: AirflowApi, *, full: bool, table: str) -> str:
    """Start a run, once Airflow knows the DAG; returns the run's id.

    Raises:
        AirflowError: Airflow does not answer, or refuses.
        TimeoutError: Airflow does not know the DAG.
    """
    if not known(api):
        note(f"Waiting for Airflow to read the DAG {DAG} ...")
    wait_until(lambda: known(api), timeout=_PARSED_SECONDS, what=f"Airflow to read the DAG {DAG}", interval=1)
    api.patch(f"dags/{DAG}", {"is_paused": False})
    run = api.post(f"dags/{DAG}/dagRuns", {"logical_date": None, "conf": {"full": full, "table": table}})
    return str(run["dag_run_id"])


def known(api: AirflowApi) -> bool:
    """Return whether Airflow has read the DAG."""
    return any(each["dag_id"] == DAG for each in api.get_all("dags", "dags", dag_id_pattern=DAG))


def run_of(api: AirflowApi, run_id: str) -> Run:
    """The run as Airflow has it: `state` and more."""
    return api.get(f"dags/{DAG}/dagRuns/{path_part(run_id)}")


def tasks_of(api: AirflowApi, run_id: str) -> list[Run]:
    """The run's tasks, in their order: `task_id`, `state`, `duration` (seconds), `try_number` and more."""
    path = f"dags/{DAG}/dagRuns/{path_part(run_id)}/taskInstances"
    instances = api.get_all(path, "task_instances")
    return sorted(instances, key=lambda each: TASKS.index(each["task_id"]))


def log_of(api: AirflowApi, run_id: str, task: Run) -> list[str]:
    """The lines of a task's last try, and what each error in it says."""
    path = f"dags/{DAG}/dagRuns/{path_part(run_id)}/taskInstances/{task['task_id']}/logs/{task['try_number']}"
    content = api.get(path, full_content="true")["content"]
    return [line for entry in content for line in _lines(entry)]


def _lines(entry: str | dict[str, Any]) -> list[str]:
    if isinstance(entry, str):
        return entry.splitlines()
    errors = [f"{error['exc_type']}: {error['exc_value']}" for error in entry.get("error_detail") or ()]
    return [line for text in (str(entry["event"]), *errors) for line in text.splitlines()]


def follow(api: AirflowApi, run_id: str, console: Console) -> bool:
    """Show the run's tasks until it ends; whether it succeeded.

    Raises:
        AirflowError: Airflow has not answered for a while.
        TimeoutError: the run does not end.
    """
    lines = StateLines(console)
    with live_table(console) as live:

        def ended() -> Run | None:
            run, tasks = run_of(api, run_id), tasks_of(api, run_id)
            live.update(_grid(run, tasks))
            for task in () if console.is_terminal else tasks:
                lines.tell(task["task_id"], task["state"], task["duration"])
            return run if run["state"] in _ENDED else None

        run = wait_until(ended, timeout=_RUN_SECONDS, what=f"run {run_id} to end", interval=1)
    return bool(run and run["state"] == "success")


@contextmanager
def live_table(console: Console) -> Iterator[Live]:
    """A table that is shown as it changes; its last picture stays, and ends its line where it is redirected too."""
    with Live(console=console) as live:
        yield live
    if not console.is_terminal:
        console.print()


def _grid(run: Run, tasks: list[Run]) -> Grid:
    grid = Grid(title=f"{run['dag_run_id']}: {run['state']}")
    for name in ("task", "state"):
        grid.add_column(name)
    for name in ("seconds", "tries"):
        grid.add_column(name, justify="right")
    for task in tasks:
        grid.add_row(task["task_id"], task["state"] or "waiting", _seconds(task), str(task["try_number"]))
    return grid


def _seconds(task: Run) -> str:
    if task["duration"] is not None:
        return f"{task['duration']:.1f}"
    if task["start_date"] is None:
        return ""
    begun = datetime.fromisoformat(task["start_date"])
    return f"{time.time() - begun.astimezone(UTC).timestamp():.1f}"


def main(
    full: Annotated[bool, typer.Option(help="Rebuild all from the landing zone.")] = False,
    table: Annotated[OneTableOrAll, typer.Option(help="Only this table's records.")] = "all",
) -> None:
    """Start a batch run in Airflow, follow it, and end with its result."""
    settings, console = load_settings(), make_console()
    api = AirflowApi(settings, COMMAND_TIMEOUT_SECONDS)
    try:
        run_id = start(api, full=full, table=table)
        console.print(f"At work: {ui_url(settings)}/dags/{DAG}/runs/{path_part(run_id)}", soft_wrap=True)
        succeeded = follow(api, run_id, console)
        if succeeded:
            outcome.show(console, settings, since=run_of(api, run_id)["start_date"])
        else:
            _show_failures(api, run_id, console)
    except (AirflowError, TimeoutError) as error:
        console.print(f"Airflow: {error}\nSee `make status`; `make up` starts it.", style="red")
        raise SystemExit(1) from None
    raise SystemExit(0 if succeeded else 1)


def _show_failures(api: AirflowApi, run_id: str, console: Console) -> None:
    for task in tasks_of(api, run_id):
        if task["state"] == "failed":
            console.print(f"\n{task['task_id']} failed; the end of its log:", style="red")
            console.print("\n".join(log_of(api, run_id, task)[-_LOG_LINES:]), highlight=False)


if __name__ == "__main__":
    run_command(main, "make trigger")
