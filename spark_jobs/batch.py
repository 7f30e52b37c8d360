"""The batch job: `python -m spark_jobs.batch [--full] [--table pin]`, in the Makefile `make batch` and
`make batch FULL=1`; the DAG pinterest_batch hands this file to spark-submit.

Takes what has landed since the last run, cleans it, and brings it into the Delta tables and Postgres.
"""

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Annotated

import typer

from services.common.clients import postgres_connection, s3_client
from services.common.command import run_command
from services.common.settings import TABLES, OneTableOrAll, Settings, Table, load_settings
from services.common.terminal import make_console
from spark_jobs import failures, summary
from spark_jobs.plan import Plan, make_plan
from spark_jobs.sinks import postgres
from spark_jobs.steps import Steps

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

    from spark_jobs.run import Report


def run_batch(settings: Settings, *, full: bool = False, tables: Sequence[Table] = TABLES) -> "Report | None":
    """One run, of all tables or some; None if there was nothing to do.

    Raises:
        AlreadyRunningError: another run is at work.
        StepFailedError, CountsDoNotAddUpError, LandingError: the run failed, and is recorded in ops as such.
        psycopg2.Error, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: a server is down.
    """
    steps = Steps("batch")
    with closing(postgres_connection(settings, "batch_writer")) as connection:
        failures.lock(connection)
        with steps("look for new objects"):
            serving = postgres.is_serving(connection)
            plan = make_plan(s3_client(settings), settings, full=full, serving=serving, tables=tables)
        return _run(settings, connection, plan, steps) if plan.objects else None


def _run(settings: Settings, connection: "PostgresConnection", plan: Plan, steps: Steps) -> "Report":
    # Importing Spark takes a second, which a run with nothing to do need not spend.
    from spark_jobs.run import run  # noqa: PLC0415

    with failures.recorded(connection, plan.mode, steps):
        return run(settings, connection, plan, steps)


def main(
    full: Annotated[bool, typer.Option(help="Rebuild all from the landing zone.")] = False,
    table: Annotated[OneTableOrAll, typer.Option(help="Only this table's records.")] = "all",
) -> None:
    """Clean what has landed since the last run and serve it from Postgres."""
    with failures.explained("The batch run", "make batch"):
        report = run_batch(load_settings(), full=full, tables=TABLES if table == "all" else (table,))
    summary.show(make_console(), report)


if __name__ == "__main__":
    run_command(main, "make batch")
