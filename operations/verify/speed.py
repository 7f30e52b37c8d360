"""The speed path, hop by hop, for one table: what its two queries, into Delta and into Postgres, made of a stream.

The queries run at their own pace, so the rows compared are those whose record is older than a fixed time. A row that
a later record has replaced on one side alone is left out on both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from common.clients import kinesis_client
from common.settings import Settings
from contracts.tables import Table
from operations.verify import accounts, cleaned, rows
from operations.verify.accounts import Counts

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

_QUARANTINED = "SELECT count(*) FROM quarantine.stream WHERE stream = %s"
PLACES_QUERY = """
SELECT ind, (extract(epoch FROM arrived_at) * 1000000)::bigint FROM speed.places WHERE table_name = %s
"""
# Of the streams that were there before, each with its checkpoints; and of the present one, whose newest checkpoint has
# read all of it. Last, since when `accounts.stream_counts` counts.
READ_QUERY = """
SELECT
    count(*) FILTER (WHERE started_at < %(created)s),
    coalesce(sum(read) FILTER (WHERE started_at < %(created)s), 0)::bigint + coalesce((
        SELECT newest.read FROM ops.stream_progress AS newest
        WHERE newest.query = %(query)s AND newest.started_at >= %(created)s ORDER BY newest.updated_at DESC LIMIT 1
    ), 0),
    (
        SELECT counted.started_at FROM ops.stream_progress AS counted
        WHERE counted.query = %(query)s ORDER BY counted.updated_at DESC LIMIT 1
    )
FROM ops.stream_progress WHERE query = %(query)s
"""
_NAMED = 10


@dataclass
class SpeedStages:
    """The contents of the stages for a table's stream; `problems` says what does not add up.

    compared: False where each row is of a record that arrived after the limit, so that none could be compared.
    note: where records were not read, how many, and where there was an earlier stream, since when `counts` count.
    """

    table: Table
    sent: int
    counts: Counts
    set_aside: int
    delta: int
    served: int
    delta_sum: str
    served_sum: str
    compared: bool = True
    note: str | None = None
    problems: list[str] = field(default_factory=list)


def check(settings: Settings, connection: "PostgresConnection", table: Table, until: datetime) -> SpeedStages:
    """Compare the stages of a table's stream.

    Args:
        connection: one snapshot of Postgres.
        until: rows of records that arrived later are left out.
    """
    limit, names = int(until.timestamp() * 1_000_000), rows.comparable_names(table)
    stored = cleaned.of_delta(settings, "streaming", table, ("arrived_at",))
    served = cleaned.of_postgres(connection, "speed", table)
    in_delta = _arrivals(stored)
    in_postgres = dict(accounts.ask(connection, PLACES_QUERY, [table]))
    settled = _settled(in_delta, in_postgres, limit)
    stored, served = (_only(side, settled) for side in (stored, served))
    stages = SpeedStages(
        table,
        sent=accounts.sent(connection, settings.stream(table)),
        counts=accounts.stream_counts(connection, table),
        set_aside=accounts.ask(connection, _QUARANTINED, [settings.stream(table)])[0][0],
        delta=len(stored),
        served=len(served),
        delta_sum=rows.checksum(stored, names),
        served_sum=rows.checksum(served, names),
        compared=bool(settled) or not (in_delta or in_postgres),
    )
    stages.note = _renewed(settings, connection, stages) or _behind(stages)
    gone = bool(settled) and not in_delta
    stages.problems = [_no_table(table)] if gone else _problems(stages, stored, served)
    return stages


def _renewed(settings: Settings, connection: "PostgresConnection", stages: SpeedStages) -> str | None:
    """Return what there is to know where LocalStack, which keeps streams in memory, had to make this one again."""
    stream = settings.stream(stages.table)
    described = kinesis_client(settings).describe_stream_summary(StreamName=stream)
    created = described["StreamDescriptionSummary"]["StreamCreationTimestamp"]
    values = {"query": f"speed-{stages.table}", "created": created}
    [(earlier, read, since)] = accounts.ask(connection, READ_QUERY, values)
    if not earlier:
        return None
    unread = _unread(stages.sent, read, "were lost with the earlier stream, or wait in this one")
    return (
        f"{stages.table}: stream {stream} was made again at {_second(created)}. `streaming query: read` and its parts"
        f" count since {_second(since)}; all other figures are of the earlier stream too."
        + (f" Of {unread}" if unread else "")
    )


def _behind(stages: SpeedStages) -> str | None:
    """Return the sentences on records of this stream that were not read; None where all were."""
    unread = _unread(
        stages.sent,
        stages.counts.read,
        "wait in the stream, or it no longer had them when they were to be read",
    )
    return f"{stages.table}: of {unread}" if unread else None


def _unread(sent: int, read: int, fate: str) -> str | None:
    """Return the sentences, but for their "of", on records that were acknowledged and not read; None where all were."""
    if read >= sent:
        return None
    return (
        f"the {sent:,} records that were acknowledged up to now the speed path has read {read:,}: {sent - read:,}"
        f" {fate}. A batch run serves those that the topics have."
    )


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _no_table(table: Table) -> str:
    """Return what stands for all rows at once: the Delta table is made again with all of them, or is not there."""
    return (
        f"{table}: the Delta table of the stream is gone (a restart of LocalStack loses the bucket). The streaming"
        " writer makes it again from the rows in Postgres; `make status` shows whether it runs, `make stream` starts it"
    )


def _arrivals(stored: pa.Table) -> dict[int, int]:
    """By ind, when the row's record arrived, in microseconds."""
    if not len(stored):
        return {}
    arrived = stored["arrived_at"].cast(pa.int64()).to_pylist()
    return dict(zip(stored["ind"].to_pylist(), arrived, strict=True))


def _settled(one: dict[int, int], other: dict[int, int], limit: int) -> list[int]:
    """The inds whose row, on each side that has one, comes from a record of before the limit."""
    later = limit + 1
    return [ind for ind in one.keys() | other.keys() if max(one.get(ind, 0), other.get(ind, 0)) < later]


def _only(side: pa.Table, inds: Sequence[int]) -> pa.Table:
    return side.filter(pc.is_in(side["ind"], pa.array(inds, pa.int64())))


def _problems(stages: SpeedStages, stored: pa.Table, served: pa.Table) -> list[str]:
    counts, table = stages.counts, stages.table
    problems = []
    if counts.read != counts.cleaned + counts.duplicate + counts.quarantined:
        problems.append(
            f"{table}: the streaming query read {counts.read:,}, which is not the sum of its parts"
        )
    if counts.quarantined > stages.set_aside:
        problems.append(
            f"{table}: {counts.quarantined:,} quarantined, {stages.set_aside:,} in quarantine.stream"
        )
    inds = [set(side["ind"].to_pylist()) for side in (stored, served)]
    for where, lacking in (("Postgres", inds[0] - inds[1]), ("Delta", inds[1] - inds[0])):
        if lacking:
            problems.append(f"{table}: {len(lacking):,} rows are not in {where}: ind {_some(lacking)}")
    if not problems and stages.delta_sum != stages.served_sum:
        problems.append(
            f"{table}: values differ between Delta and Postgres: ind {_some(_different(stages, stored, served))}"
        )
    return problems


def _different(stages: SpeedStages, stored: pa.Table, served: pa.Table) -> set[int]:
    names = rows.comparable_names(stages.table)
    sides = [side.take(pc.sort_indices(side["ind"])) for side in (stored, served)]
    hashes = [rows.row_hashes(side, names) for side in sides]
    unequal = np.flatnonzero(hashes[0] != hashes[1])
    return set(sides[0]["ind"].take(pa.array(unequal)).to_pylist())


def _some(inds: set[int]) -> str:
    more = f" and {len(inds) - _NAMED:,} more" if len(inds) > _NAMED else ""
    return f"{', '.join(map(str, sorted(inds)[:_NAMED]))}{more}"
