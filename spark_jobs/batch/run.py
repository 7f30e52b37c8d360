"""A run of the batch job that has something to do: all tables side by side, then one commit."""

from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from psycopg2 import InterfaceError
from psycopg2.errors import InFailedSqlTransaction

from common import batch_progress
from common.batch_progress import Position, Progress
from common.bucket import bucket_id
from common.clients import delta_options, s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, QUARANTINE
from contracts.run_counts import CountsDoNotAddUpError, OffsetRange, TableRunCounts
from spark_jobs.batch.failures import commit
from spark_jobs.batch.plan import Plan
from spark_jobs.batch.steps import Steps
from spark_jobs.batch.table_run import Context, run_table
from spark_jobs.batch.ways import Way, in_process, spread
from spark_jobs.readers import corrected, parquet
from spark_jobs.session.spark import is_local
from spark_jobs.sinks import copying, delta, postgres

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812
    from pyspark.sql import SparkSession

# What a statement says after another one has failed or lost the connection.
_CONSEQUENCES = (InFailedSqlTransaction, InterfaceError)

Results = list[tuple[TableRunCounts, Any]]


@dataclass(frozen=True)
class Report:
    """A finished run."""

    run_id: int
    plan: Plan
    accounts: list[TableRunCounts]
    steps: Steps


def run(
    settings: Settings, connection: "PostgresConnection", plan: Plan, steps: Steps, spark: "SparkSession"
) -> Report:
    """Clean and serve what the plan holds.

    The order makes a repeat harmless: Delta first, then one transaction in Postgres, then the progress.

    Raises:
        CommitUnknownError: the connection to Postgres was lost at the commit.
        StepFailedError: another step failed; nothing of the run is visible in Postgres.
        CountsDoNotAddUpError: records were lost on the way.
    """
    s3 = s3_client(settings)
    if plan.mode == "full":
        batch_progress.save(s3, settings.bucket, Progress(replacing=True))
    context = Context(
        spark, settings, connection, plan, way(settings, plan), corrected.texts(connection), Lock()
    )
    with steps("tables"):
        results = _run_tables(context)
    with steps("quarantine"):
        _set_aside(context, results)
    accounts = [account for account, _ in results]
    with steps("commit"):
        _check_bucket(s3, settings, plan)
        run_id = postgres.record_run(
            connection,
            mode=plan.mode,
            started_at=steps.began_at,
            seconds=steps.seconds,
            accounts=accounts,
            bucket_id=plan.bucket_id,
        )
        commit(connection, steps.part)
    # Outside of the steps: if one of these fails the run has been served all the same, and a repeat does no harm.
    batch_progress.save(s3, settings.bucket, after(plan, accounts))
    for name in (*plan.objects, QUARANTINE):
        delta.vacuum(delta.location(settings, name), delta_options(settings), BATCH)
    return Report(run_id, plan, accounts, steps)


def way(settings: Settings, plan: Plan) -> Way[Any]:
    """Return the run's way at the least cost: on a cluster executors have the memory, not the driver."""
    if plan.fits_driver and is_local(settings):
        return in_process(delta_options(settings))
    return spread()


def _check_bucket(s3: "S3Client", settings: Settings, plan: Plan) -> None:
    """Refuse a commit for a bucket that is not the one the run wrote into: its Delta tables are gone."""
    if bucket_id(s3, settings.bucket) != plan.bucket_id:
        raise RuntimeError("the bucket was lost while the run was at work; a repeat reads what lands again")


def _run_tables(context: Context) -> Results:
    with ThreadPoolExecutor() as pool:
        running = [pool.submit(run_table, context, table) for table in context.plan.objects]
        done, others = wait(running, return_when=FIRST_EXCEPTION)
        if others:
            context.spark.sparkContext.cancelAllJobs()
    if failure := first_failure(each.exception() for each in (*done, *others)):
        raise failure
    return [each.result() for each in running]


def first_failure(errors: Iterable[BaseException | None]) -> BaseException | None:
    """Return the first that is not another one's consequence: the tables share a connection, and its transaction."""
    failed = filter(None, errors)
    return min(failed, key=lambda each: isinstance(each.__cause__, _CONSEQUENCES), default=None)


def _set_aside(context: Context, results: Results) -> None:
    """Write the rejected records beside the Delta tables and, from there, into Postgres."""
    count = sum(account.quarantined for account, _ in results)
    plan, path = context.plan, delta.location(context.settings, QUARANTINE)
    if count:
        rejected = context.way.together([rows for _, rows in results])
        if not plan.rebuild and delta.exists(context.settings, path):
            # One that is there already gets the new reasons.
            context.way.writer.merge(rejected, path, delta.OFFSET, later=None)
        else:
            context.way.writer.replace(rejected, path)
    elif plan.rebuild:
        delta.clear(context.settings, path)
    if count or plan.replace:
        _serve_rejected(context, count, [each for account, _ in results for each in account.ranges])


def _serve_rejected(context: Context, count: int, ranges: Sequence[OffsetRange]) -> None:
    files = delta.files(context.settings, delta.location(context.settings, QUARANTINE)) if count else []
    ours = parquet.from_ranges(ranges, "partition", "offset", "topic")
    rows = parquet.read(context.settings, files, postgres.QUARANTINE.columns, ours)
    stored = postgres.put(
        context.connection, postgres.QUARANTINE, copying.to_csv(rows), replace=context.plan.replace
    )
    if stored != count:
        raise CountsDoNotAddUpError(f"{count} records were rejected, {stored} stored in quarantine.batch")


def after(plan: Plan, accounts: list[TableRunCounts]) -> Progress:
    """The progress once the run is committed."""
    positions = {topic: dict(known) for topic, known in plan.progress.positions.items()}
    for account in accounts:
        newest = {each.partition: each.key for each in plan.objects[account.table]}
        for each in account.ranges:
            known = positions.setdefault(each.topic, {})
            known[each.partition] = Position(newest[each.partition], each.end)
    return Progress(positions)
