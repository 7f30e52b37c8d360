"""Reconcile a scheduled run: compare the batch path, check its quality against thresholds, keep both in ops."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import TYPE_CHECKING

from psycopg2.extras import Json

from common.bucket import bucket_id, lost_tables
from common.clients import postgres_connection, s3_client
from common.settings import Settings
from common.terminal import make_console
from contracts.tables import TABLES, Table
from operations.verify import batch, proof, quality, show
from operations.verify.accounts import ask
from operations.verify.batch import BatchStages
from operations.verify.proof import NOTHING, Proof
from operations.verify.quality import Quality
from operations.verify.snapshot import undisturbed

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

_BEFORE = """
SELECT row_count FROM ops.reconciliations WHERE table_name = %s AND dag_run_id <> %s
ORDER BY checked_at DESC LIMIT 1
"""
_KEEP = """
INSERT INTO ops.reconciliations (dag_run_id, table_name, row_count, quarantined, read, null_rates)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT (dag_run_id, table_name) DO UPDATE
SET (row_count, quarantined, read, null_rates, checked_at)
= ROW(excluded.row_count, excluded.quarantined, excluded.read, excluded.null_rates, excluded.checked_at)
RETURNING checked_at::text
"""


class ReconciliationError(RuntimeError):
    """Hops do not add up, or a data-quality threshold is broken; the message has the numbers."""


def compare_batch(
    settings: Settings, ends: Mapping[str, Mapping[int, int]], known: Mapping[Table, Proof] | None = None
) -> list[BatchStages]:
    """The batch path's stages, table by table, up to the end offsets by topic and partition.

    Args:
        known: what is not read again; without it everything is, as in a table where something does not add up.
    """

    def compare(connection: "PostgresConnection") -> list[BatchStages]:
        lost = lost_tables(connection, settings, bucket_id(s3_client(settings), settings.bucket))

        def check(table: Table, proved: Proof) -> BatchStages:
            topic = settings.topic(table)
            return batch.check(settings, connection, table, ends[topic], lost=table in lost, known=proved)

        quick = [check(table, (known or {}).get(table, NOTHING)) for table in TABLES]
        return [check(each.table, NOTHING) if known and each.problems else each for each in quick]

    return undisturbed(settings, compare)


def reconcile_run(
    settings: Settings, run_id: str, ends: Mapping[str, Mapping[str, int]], tables: str
) -> None:
    """Compare, validate, keep what was measured, and print it all into the task's log.

    Args:
        ends: the offsets up to which the run was to come, as the sensor `landed` gave them.
        tables: `all`, or the one table that the run was of: only its records must have been read.

    Raises:
        ReconciliationError: something does not add up, or a threshold is broken.
    """
    fixed = {topic: {int(one): end for one, end in found.items()} for topic, found in ends.items()}
    s3 = s3_client(settings)
    stages = compare_batch(settings, fixed, proof.load(settings, s3))
    console = make_console(width=120)
    console.print(show.batch(stages))
    unread = [
        f"{each.table}: {each.waiting:,} records landed before the run and were not read"
        for each in stages
        if each.waiting and tables in ("all", each.table)
    ]
    gone = [f"{each.table}: the bucket was lost after the run" for each in stages if each.lost]
    problems = unread + gone + [problem for each in stages for problem in each.problems]
    measured = [
        quality.measure(each.table, each.served, each.nulls, each.counts.read, each.counts.quarantined)
        for each in stages
    ]
    warnings, failures = _validate(settings, run_id, measured)
    for warning in warnings:
        console.print(f"Warning: {warning}", soft_wrap=True)
    if problems or failures:
        raise ReconciliationError("\n".join(["", *problems, *failures, _REMEDY]))
    times = _keep(settings, run_id, measured)
    proof.save(settings, s3, {each.table: (run_id, times[each.table], each.proved) for each in stages})


_REMEDY = (
    "What to do: `make verify` shows the stages as they are now; `make quarantine` what was rejected, and why. Where "
    "Delta and Postgres differ, run with full = true (`make trigger FULL=1`). docs/airflow.md has the rest."
)


def _validate(settings: Settings, run_id: str, measured: Sequence[Quality]) -> tuple[list[str], list[str]]:
    warnings: list[str] = []
    failures: list[str] = []
    with closing(postgres_connection(settings, "analyst")) as connection:
        for each in measured:
            found = quality.validate(settings, each, _rows_before(connection, each.table, run_id))
            warnings += found[0]
            failures += found[1]
    return warnings, failures


def _rows_before(connection: "PostgresConnection", table: Table, run_id: str) -> int | None:
    rows = ask(connection, _BEFORE, [table, run_id])
    return rows[0][0] if rows else None


def _keep(settings: Settings, run_id: str, measured: Sequence[Quality]) -> dict[Table, str]:
    """Keep the measures, and return when that was, by table.

    Only of a run that passed: what failed is not what the next one is measured against.
    """
    times = {}
    with (
        closing(postgres_connection(settings, "batch_writer")) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        for each in measured:
            numbers = (each.row_count, each.quarantined, each.read)
            cursor.execute(_KEEP, [run_id, each.table, *numbers, Json(each.null_rates)])
            [times[each.table]] = cursor.fetchall()[0]
    return times
