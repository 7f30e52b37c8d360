"""Read from Postgres what the scheduled runs kept: it is there while Airflow is down, and of runs it has forgotten."""

from dataclasses import dataclass
from datetime import datetime

from common.settings import Settings
from dashboard.readings.postgres import read_rows

# A run keeps a row for each table and for each answer: 1,000 runs take milliseconds.
_SECONDS = 2.0
_NEWEST = 50

_RUNS = """
SELECT dag_run_id, reconciled_at, extract(epoch FROM answered_at - reconciled_at)::float, read, quarantined, row_count
FROM (
    SELECT dag_run_id, max(checked_at) AS reconciled_at, sum(read)::bigint AS read,
        sum(quarantined)::bigint AS quarantined, sum(row_count)::bigint AS row_count
    FROM ops.reconciliations GROUP BY dag_run_id
) AS reconciled
LEFT JOIN (
    SELECT dag_run_id, max(answered_at) AS answered_at FROM ops.query_answers GROUP BY dag_run_id
) AS answered USING (dag_run_id)
ORDER BY reconciled_at DESC LIMIT %s
"""


@dataclass(frozen=True)
class ScheduledRun:
    """A run of the DAG that passed its reconciliation.

    Attributes:
        run_id: Airflow's.
        reconciled_at: when its rows were found to add up.
        answer_seconds: from then until the nine answers were kept; None while they are not.
        read: records read since the last rebuild, and of them the `quarantined` ones.
        rows: those that are served, of all tables.
    """

    run_id: str
    reconciled_at: datetime
    answer_seconds: float | None
    read: int
    quarantined: int
    rows: int


def read_scheduled(settings: Settings) -> tuple[ScheduledRun, ...]:
    """Return the newest of them, the newest first.

    Raises:
        psycopg2.Error: Postgres does not answer, or lacks its tables.
    """
    return tuple(ScheduledRun(*row) for row in read_rows(settings, _SECONDS, _RUNS, [_NEWEST]))
