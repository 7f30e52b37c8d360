"""Read from Postgres the runs of the batch job, those of `make replay` among them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from common.settings import Settings
from dashboard.readings.postgres import read_rows

# A run is a row here, and three there: 1,000 of them take milliseconds.
_SECONDS = 2.0
_NEWEST = 50

# Records that were cleaned before a run stand for the size of the tables that it wrote into.
_RUNS = """
SELECT run_id, mode, started_at, extract(epoch FROM finished_at - started_at)::float, seconds, error,
    read, cleaned, duplicate, quarantined, before
FROM ops.batch_runs LEFT JOIN (
    SELECT run_id, sum(read)::bigint AS read, sum(cleaned)::bigint AS cleaned, sum(duplicate)::bigint AS duplicate,
        sum(quarantined)::bigint AS quarantined,
        (sum(sum(cleaned)) OVER (ORDER BY run_id) - sum(cleaned))::bigint AS before
    FROM ops.batch_run_tables GROUP BY run_id
) AS counts USING (run_id)
ORDER BY run_id DESC LIMIT %s
"""


@dataclass(frozen=True)
class Run:
    """A run of the batch job.

    Attributes:
        mode: incremental, rebuild, full or replay.
        seconds: from its start to its end.
        steps: the seconds of each step.
        error: why it failed, or None.
        read: the records that it read, of all tables; those of a run that failed early are 0.
        before: the records that earlier runs had cleaned.
    """

    run_id: int
    mode: str
    started_at: datetime
    seconds: float
    steps: Mapping[str, float]
    error: str | None
    read: int
    cleaned: int
    duplicate: int
    quarantined: int
    before: int


def read_runs(settings: Settings) -> tuple[Run, ...]:
    """Return the newest runs, the newest first.

    Raises:
        psycopg2.Error: Postgres does not answer, or lacks its tables.
    """
    found = read_rows(settings, _SECONDS, _RUNS, [_NEWEST])
    return tuple(Run(*row[:6], *(number or 0 for number in row[6:])) for row in found)
