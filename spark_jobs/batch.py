"""The batch job: `python -m spark_jobs.batch [--full] [--table pin]`, in the Makefile `make batch` and
`make batch FULL=1`; the DAG pinterest_batch hands this file to spark-submit.

Takes what has landed since the last run, cleans it, and brings it into the Delta tables and Postgres.
"""

from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import psycopg2
import typer
from botocore.exceptions import BotoCoreError, ClientError
from rich.console import Console

from services.common.clients import postgres_connection, s3_client
from services.common.settings import TABLES, OneTableOrAll, Settings, Table, load_settings
from spark_jobs import summary
from spark_jobs.accounts import CountsDoNotAddUpError
from spark_jobs.landing import LandingError
from spark_jobs.plan import Plan, make_plan
from spark_jobs.sinks import postgres
from spark_jobs.steps import StepFailedError, Steps

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

    from spark_jobs.run import Report

FAILURES = (StepFailedError, CountsDoNotAddUpError, LandingError)


class AlreadyRunningError(RuntimeError):
    """Another batch run holds the lock."""


def run_batch(settings: Settings, *, full: bool = False, tables: Sequence[Table] = TABLES) -> "Report | None":
    """One run, of all tables or some; None if there was nothing to do.

    Raises:
        AlreadyRunningError: another run is at work.
        StepFailedError, CountsDoNotAddUpError, LandingError: the run failed, and is recorded in ops as such.
        psycopg2.Error, botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: a server is down.
    """
    steps = Steps("batch")
    with closing(postgres_connection(settings, "batch_writer")) as connection:
        if not postgres.lock(connection):
            raise AlreadyRunningError("another batch run is at work; wait for its end")
        with steps("look for new objects"):
            serving = postgres.is_serving(connection)
            plan = make_plan(s3_client(settings), settings, full=full, serving=serving, tables=tables)
        return _run(settings, connection, plan, steps) if plan.objects else None


def _run(settings: Settings, connection: "PostgresConnection", plan: Plan, steps: Steps) -> "Report":
    # Importing Spark takes a second, which a run with nothing to do need not spend.
    from spark_jobs.run import run  # noqa: PLC0415

    started_at = datetime.now(UTC)
    try:
        return run(settings, connection, plan, steps)
    except FAILURES as error:
        with suppress(psycopg2.Error):  # where Postgres is what failed, there is nowhere to record it
            connection.rollback()
            postgres.record_run(
                connection, mode=plan.mode, started_at=started_at, seconds=steps.seconds, error=str(error)
            )
            connection.commit()
        raise


def main(
    full: Annotated[bool, typer.Option(help="Rebuild all from the landing zone.")] = False,
    table: Annotated[OneTableOrAll, typer.Option(help="Only this table's records.")] = "all",
) -> None:
    """Clean what has landed since the last run and serve it from Postgres."""
    console = Console()
    try:
        report = run_batch(load_settings(), full=full, tables=TABLES if table == "all" else (table,))
    except AlreadyRunningError as error:
        raise _failed(f"Not started: {error}.") from None
    except psycopg2.OperationalError as error:
        raise _failed(f"Postgres: {str(error).strip()}", "`make status`, then `make up`") from None
    except (BotoCoreError, ClientError) as error:
        raise _failed(f"S3: {error}", "`make status`, then `make up`") from None
    except FAILURES as error:
        remedy = "Nothing of this run is served. See `make status`, then repeat with `make batch`"
        raise _failed(f"The batch run failed at {error}", remedy) from None
    summary.show(console, report)


def _failed(message: str, remedy: str | None = None) -> typer.Exit:
    typer.secho(message if remedy is None else f"{message}\n{remedy}.", fg=typer.colors.RED, err=True)
    return typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
