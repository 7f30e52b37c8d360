"""Run the DAG for past days: `python -m services.airflow.backfill FROM TO`, in the Makefile `make backfill FROM= TO=`.

The batch path is not cut by day: a run takes all that has landed and is not read yet. So the first day's run does the
work, the others find nothing new, and all of them reconcile and leave the same rows.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from services.airflow.trigger import DAG, known, live_table
from services.common.airflow import COMMAND_PATIENCE, AirflowApi, AirflowError, ui_url
from services.common.command import run_command
from services.common.settings import load_settings
from services.common.terminal import make_console
from services.common.wait import wait_until

# A day's run takes 20 s when there is nothing new; an hour is half a year of them.
_PATIENCE = 3600.0

Days = tuple[datetime, datetime]


def start(api: AirflowApi, days: Days) -> int:
    """Have the noons of the days run again, one after the other; returns the backfill's number.

    Raises:
        AirflowError: Airflow refuses, or does not know the DAG yet.
    """
    if not known(api):
        raise AirflowError(f"it has not read the DAG {DAG} yet; try again in half a minute")
    api.patch(f"dags/{DAG}", {"is_paused": False})
    body = {"dag_id": DAG, "from_date": days[0].isoformat(), "to_date": days[1].isoformat()}
    made = api.post("backfills", body | {"reprocess_behavior": "completed", "max_active_runs": 1})
    return int(made["id"])


def runs_of(api: AirflowApi, days: Days) -> list[dict[str, Any]]:
    """The runs of these days' noons, in their order."""
    limits = {"logical_date_gte": days[0].isoformat(), "logical_date_lte": days[1].isoformat()}
    return api.get_all(f"dags/{DAG}/dagRuns", "dag_runs", order_by="logical_date", **limits)


def follow(api: AirflowApi, number: int, days: Days, console: Console) -> bool:
    """Show the runs until the last one has ended; whether there were any and all succeeded."""
    with live_table(console) as live:

        def ended() -> bool:
            live.update(_grid(runs_of(api, days)))
            return api.get(f"backfills/{number}")["completed_at"] is not None

        wait_until(ended, timeout=_PATIENCE, what=f"backfill {number} to end", interval=2)
        runs = runs_of(api, days)
        live.update(_grid(runs))
    return bool(runs) and all(run["state"] == "success" for run in runs)


def _grid(runs: list[dict[str, Any]]) -> Grid:
    grid = Grid("day", "state", "seconds")
    for run in runs:
        seconds = "" if run["duration"] is None else f"{run['duration']:.1f}"
        grid.add_row(run["logical_date"][:10], run["state"], seconds)
    return grid


def main(
    first: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="FROM")],
    last: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], metavar="TO")],
) -> None:
    """Run the days FROM to TO again, both included; status 1 where a run failed."""
    if first > last:
        raise typer.BadParameter(f"{first:%Y-%m-%d} is after {last:%Y-%m-%d}.", param_hint="FROM")
    settings, console = load_settings(), make_console()
    days = (first.replace(tzinfo=UTC), last.replace(tzinfo=UTC) + timedelta(days=1, seconds=-1))
    api = AirflowApi(settings, COMMAND_PATIENCE)
    try:
        number = start(api, days)
        console.print(f"At work: {ui_url(settings)}/dags/{DAG}/backfills", soft_wrap=True)
        succeeded = follow(api, number, days, console)
    except (AirflowError, TimeoutError) as error:
        console.print(f"Airflow: {error}\nSee `make status`; `make up` starts it.", style="red")
        raise SystemExit(1) from None
    raise SystemExit(0 if succeeded else 1)


if __name__ == "__main__":
    run_command(main, "make backfill")
