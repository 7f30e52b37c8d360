"""Run the DAG for past days: `python -m operations.airflow.backfill FROM TO`, in make `make backfill FROM= TO=`.

The batch path is not cut by day: a run takes all that has landed and is not read yet. So the first day's run does the
work, the others find nothing new, and all of them reconcile and leave the same rows.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console

from common.airflow import COMMAND_TIMEOUT_SECONDS, AirflowApi, AirflowError, ui_url
from common.command import run_command
from common.progress import StateLines
from common.settings import load_settings
from common.terminal import make_console
from common.wait import wait_until
from operations.airflow.trigger import DAG, known

# A day's run takes 20 s when there is nothing new; an hour is half a year of them.
_TIMEOUT_SECONDS = 3600.0

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
    """Print a line as each day begins and ends; whether there were any and all succeeded."""
    lines = StateLines(console)

    def look() -> list[dict[str, Any]]:
        runs = runs_of(api, days)
        for each in runs:
            lines.tell(each["logical_date"][:10], each["state"], each["duration"])
        return runs

    def ended() -> bool:
        look()
        return api.get(f"backfills/{number}")["completed_at"] is not None

    with console.status("Airflow runs the days, one after the other ..."):
        wait_until(ended, timeout=_TIMEOUT_SECONDS, what=f"backfill {number} to end", interval=2)
    runs = look()
    succeeded: int = sum(each["state"] == "success" for each in runs)
    console.print(f"{succeeded} of {len(runs)} days succeeded.", highlight=False)
    return bool(runs) and succeeded == len(runs)


def day(variable: str, text: str) -> datetime:
    """Return the day that a variable of the command line names, as its first moment in UTC.

    Raises:
        typer.BadParameter: it names none.
    """
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        wrong = f"{variable} is {text!r}, which is not a day" if text else f"{variable} is missing"
        raise typer.BadParameter(f"{wrong}; give one such as {variable}=2026-01-31") from None


def main(
    first: Annotated[str, typer.Argument(metavar="FROM")] = "",
    last: Annotated[str, typer.Argument(metavar="TO")] = "",
) -> None:
    """Run the days FROM to TO again, both included; status 1 where a run failed."""
    days = (day("FROM", first), day("TO", last) + timedelta(days=1, seconds=-1))
    if days[0] > days[1]:
        raise typer.BadParameter(f"FROM={first} is after TO={last}")
    settings, console = load_settings(), make_console()
    api = AirflowApi(settings, COMMAND_TIMEOUT_SECONDS)
    try:
        number = start(api, days)
        console.print(f"At work: {ui_url(settings)}/dags/{DAG}/backfills", soft_wrap=True)
        succeeded = follow(api, number, days, console)
    except (AirflowError, TimeoutError) as error:
        console.print(f"Airflow: {error}\nSee `make status`; `make up` starts it.", style="red")
        raise SystemExit(1) from None
    raise SystemExit(0 if succeeded else 1)


_USAGE = "`make backfill FROM=2026-01-01 TO=2026-01-03` runs these days again, both included."

if __name__ == "__main__":
    run_command(main, "make backfill", usage=_USAGE)
