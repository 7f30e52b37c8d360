"""One run of the batch job: plan it, run it, record in ops how it ended."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from importlib import import_module
from typing import TYPE_CHECKING

from common import batch_progress
from common.clients import postgres_connection, s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, folder
from contracts.tables import TABLES, Table
from spark_jobs.batch import failures
from spark_jobs.batch.plan import Plan, make_plan
from spark_jobs.batch.steps import Steps
from spark_jobs.sinks import postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

    from spark_jobs.batch.run import Report


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
        s3 = s3_client(settings)
        _move_tables(s3, settings, steps)
        with steps("look for new objects"):
            serving = postgres.is_serving(connection)
            plan = make_plan(s3, settings, full=full, serving=serving, tables=tables)
        return _run(settings, connection, plan, steps) if plan.objects else None


def _move_tables(s3: "S3Client", settings: Settings, steps: Steps) -> None:
    """Move the Delta tables if an earlier version kept them elsewhere."""
    known = batch_progress.load(s3, settings.bucket)
    if known and known.layer != BATCH:
        with steps(f"move the Delta tables to {folder(BATCH, '*')}"):
            # Importing pyspark takes time, which a run with nothing to do need not spend.
            from spark_jobs.batch.moving import move_tables  # noqa: PLC0415

            move_tables(s3, settings, known)


def _run(settings: Settings, connection: "PostgresConnection", plan: Plan, steps: Steps) -> "Report":
    # Importing all of it takes a second, which a run with nothing to do need not spend, and any other has while Java
    # starts. Spark's comes first: its modules import each other in circles, which two threads are not to enter at once.
    from spark_jobs.session.spark import spark_session  # noqa: PLC0415

    with failures.recorded(connection, plan.mode, steps):
        with steps("start Spark"), ThreadPoolExecutor() as pool:
            pool.submit(import_module, "spark_jobs.batch.run")
            spark = spark_session(settings, "batch", brief=plan.is_brief)
        from spark_jobs.batch.run import run  # noqa: PLC0415

        return run(settings, connection, plan, steps, spark)
