"""Read from Postgres what was rejected, what the last scheduled run measured, and what became of all records."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from common.settings import Settings
from contracts.tables import TABLES, Table
from dashboard.readings.postgres import asking, rows
from operations.quarantine import Row, newest
from operations.verify.accounts import Counts, batch_counts, stream_counts
from operations.verify.quality import Quality

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as Cursor  # noqa: N812

# The quarantine of a million posts of which one in a hundred is rejected takes 50 ms.
_SECONDS = 5.0
_SAMPLES = 20
_BINS = 60  # of the chart over time
# A record is rejected when its batch is: nobody looks for the second.
_STEPS = (
    *(timedelta(minutes=minutes) for minutes in (1, 10)),
    *(timedelta(hours=hours) for hours in (1, 6)),
    *(timedelta(days=days) for days in (1, 7, 30, 365)),
)
_ORIGIN = datetime(2000, 1, 1, tzinfo=UTC)

_REJECTED = """
SELECT quarantined_at, reasons, 'batch' AS path FROM quarantine.batch
UNION ALL SELECT quarantined_at, reasons, 'speed' FROM quarantine.stream
"""
_SPAN = f"SELECT min(quarantined_at), max(quarantined_at) FROM ({_REJECTED}) AS rejected"  # noqa: S608 - our own text
_OVER_TIME = f"""
SELECT date_bin(%s, quarantined_at, %s) AS began, path, reason, count(*)
FROM ({_REJECTED}) AS rejected, unnest(reasons) AS reason
GROUP BY began, path, reason ORDER BY began, path, reason
"""  # noqa: S608 - our own text
_MEASURED = """
SELECT table_name, row_count, read, quarantined, null_rates, checked_at FROM (
    SELECT *, row_number() OVER (PARTITION BY table_name ORDER BY checked_at DESC) AS place FROM ops.reconciliations
) AS newest WHERE place <= 2 ORDER BY table_name, place
"""
_WARNINGS = """
SELECT table_name, kind, sum(number::bigint)::bigint
FROM ops.batch_run_tables, jsonb_each_text(warnings) AS warning(kind, number)
GROUP BY table_name, kind ORDER BY table_name, kind
"""
_STREAM_WARNINGS = """
SELECT query, warnings FROM (
    SELECT DISTINCT ON (query) query, warnings FROM ops.stream_progress ORDER BY query, updated_at DESC
) AS newest WHERE warnings > 0 ORDER BY query
"""
_SENT = "SELECT destination, sum(acknowledged)::bigint FROM ops.emulator_runs GROUP BY destination"
_SET_ASIDE = "SELECT topic, count(*) FROM quarantine.batch GROUP BY topic"


@dataclass(frozen=True)
class Rejected:
    """The records of a path that were rejected for a reason in a span of time."""

    began: datetime
    ended: datetime
    path: str
    reason: str
    records: int


@dataclass(frozen=True)
class Measured:
    """The measures of a table at the last scheduled run; `rows_before`: those of the run before, if there was one."""

    quality: Quality
    rows_before: int | None
    checked_at: datetime


@dataclass(frozen=True)
class Warned:
    """The values of a kind that could not be read and became null."""

    path: str
    table: str
    kind: str
    values: int


@dataclass(frozen=True)
class QualityData:
    """All that is known of quality.

    Attributes:
        rejected: over time, in order.
        in_quarantine: how many records there are in quarantine.
        samples: the newest of them.
        measured: by the last scheduled run; none before the first.
        warned: of all runs and of the streams.
        batch: by table, what became of its records since it was last rebuilt.
        speed: likewise, in the newest of its streaming queries.
        sent: by topic or stream, the records that the emulator had acknowledged.
        set_aside: by topic, the records in quarantine.
    """

    rejected: tuple[Rejected, ...] = ()
    in_quarantine: int = 0
    samples: tuple[Row, ...] = ()
    measured: tuple[Measured, ...] = ()
    warned: tuple[Warned, ...] = ()
    batch: Mapping[Table, Counts] = field(default_factory=dict)
    speed: Mapping[Table, Counts] = field(default_factory=dict)
    sent: Mapping[str, int] = field(default_factory=dict)
    set_aside: Mapping[str, int] = field(default_factory=dict)


def read_quality(settings: Settings) -> QualityData:
    """Read it all, the samples apart from one snapshot.

    Raises:
        psycopg2.Error: Postgres does not answer, or lacks its tables.
    """
    in_quarantine, samples = newest(settings, _SAMPLES)
    with asking(settings, _SECONDS) as cursor:
        return QualityData(
            rejected=tuple(_rejected(cursor)),
            in_quarantine=in_quarantine,
            samples=tuple(samples),
            measured=tuple(_measured(cursor)),
            warned=tuple(_warned(cursor)),
            batch={table: batch_counts(cursor.connection, table) for table in TABLES},
            speed={table: stream_counts(cursor.connection, table) for table in TABLES},
            sent=dict(rows(cursor, _SENT)),
            set_aside=dict(rows(cursor, _SET_ASIDE)),
        )


def step_of(span: timedelta) -> timedelta:
    """Return the shortest of the steps that a chart of this span has room for."""
    return next((step for step in _STEPS if span <= step * _BINS), _STEPS[-1])


def _rejected(cursor: "Cursor") -> list[Rejected]:
    [[first, last]] = rows(cursor, _SPAN)
    if first is None:
        return []
    step = step_of(last - first)
    found = rows(cursor, _OVER_TIME, [step, _ORIGIN])
    return [Rejected(began, began + step, path, reason, number) for began, path, reason, number in found]


def _measured(cursor: "Cursor") -> list[Measured]:
    last: dict[str, Measured] = {}
    for table, row_count, read, quarantined, null_rates, checked_at in rows(cursor, _MEASURED):
        if table in last:
            known = last[table]
            last[table] = Measured(known.quality, row_count, known.checked_at)
        else:
            last[table] = Measured(Quality(table, row_count, read, quarantined, null_rates), None, checked_at)
    return [last[table] for table in TABLES if table in last]


def _warned(cursor: "Cursor") -> list[Warned]:
    batch = [Warned("batch", *row) for row in rows(cursor, _WARNINGS)]
    speed = [
        Warned("speed", query.removeprefix("speed-"), "of all kinds", number)
        for query, number in rows(cursor, _STREAM_WARNINGS)
    ]
    return [*batch, *speed]
