"""The batch path, hop by hop, for one table."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from operator import itemgetter
from typing import TYPE_CHECKING

import pyarrow as pa

from common import batch_progress
from common.clients import s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, Layer
from contracts.latest import BATCH_ORDER
from contracts.tables import Table
from operations.verify import accounts, cleaned, keys, landed, rows
from operations.verify.accounts import Counts
from operations.verify.chain import OffsetCoverage, describe, ranges
from operations.verify.landed import Object

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

PLACE = ("source_partition", "source_offset")
_QUARANTINED = 'SELECT partition, "offset" FROM quarantine.batch WHERE topic = %s'

KafkaPosition = tuple[int, int]  # partition, offset
_order = itemgetter(*(PLACE.index(name) for name in BATCH_ORDER))


@dataclass
class BatchStages:
    """The contents of the stages for a table, up to fixed offsets; `problems` says what does not add up.

    lost: the bucket that the table's last run wrote into is lost, so what is in S3 says nothing of that run.
    """

    table: Table
    sent: int
    kafka: int
    landed: int
    waiting: int
    counts: Counts
    replayed: int
    set_aside: int
    delta: int
    served: int
    delta_sum: str
    served_sum: str
    rows: pa.Table
    lost: bool
    problems: list[str] = field(default_factory=list)


def check(
    settings: Settings, connection: "PostgresConnection", table: Table, ends: Mapping[int, int], *, lost: bool
) -> BatchStages:
    """Compare the stages of a table.

    Args:
        connection: one snapshot of Postgres, of a time at which no batch run was at work.
        ends: by partition, the offset up to which to look, exclusive.
        lost: whether the table's last run wrote into a bucket that is lost.
    """
    topic = settings.topic(table)
    objects = landed.as_mended(list(landed.read(settings, topic, ends)), accounts.mended(connection, topic))
    walks = landed.walks(objects, ends_landed_again(objects, ends) if lost else ends)
    read = accounts.batch_offsets(connection, table, topic)
    stored = cleaned.of_delta(settings, _layer(settings), table, PLACE)
    served = cleaned.of_postgres(connection, "batch", table)
    rejected = {(partition, offset) for partition, offset in accounts.ask(connection, _QUARANTINED, [topic])}
    names = rows.comparable_names(table)
    reached = {} if lost else _reached(read)  # what a lost bucket's run has read is to be read again
    stages = BatchStages(
        table,
        sent=accounts.sent(connection, topic),
        kafka=sum(ends.values()),
        landed=sum(each.records for each in walks.values()),
        waiting=_waiting(objects, ends, reached),
        counts=accounts.batch_counts(connection, table),
        replayed=accounts.replayed(connection, table),
        set_aside=len(rejected),
        delta=len(stored),
        served=len(served),
        delta_sum=rows.checksum(stored, names),
        served_sum=rows.checksum(served, names),
        rows=served,
        lost=lost,
    )
    stages.problems = [
        *coverage_problems(topic, walks),
        *read_problems(topic, read),
        *fate_problems(topic, objects, reached, _places(stored), rejected, keys.finder(settings, table)),
        *_count_problems(stages, topic),
        *([] if lost else _bucket_problems(stages)),
    ]
    return stages


def _layer(settings: Settings) -> Layer:
    """Return the folder that the Delta tables are in; an earlier version's are in another until the next run."""
    known = batch_progress.load(s3_client(settings), settings.bucket)
    return known.layer if known else BATCH


def _reached(read: Mapping[int, list[range]]) -> dict[int, int]:
    """By partition, the offset up to which the runs have read."""
    return {partition: max(each.stop for each in found) for partition, found in read.items()}


def ends_landed_again(objects: list[Object], ends: Mapping[int, int]) -> dict[int, int]:
    """By partition, the end of what has landed: what is beyond it is not missing, but on its way."""
    stops = dict.fromkeys(ends, 0)
    for each in objects:
        stops[each.partition] = max(stops[each.partition], _stop(each))
    return {partition: min(end, stops[partition]) for partition, end in ends.items()}


def _waiting(objects: list[Object], ends: Mapping[int, int], reached: Mapping[int, int]) -> int:
    """Records that landed after the last run."""
    return sum(
        len(range(max(each.start, reached.get(each.partition, 0)), min(_stop(each), ends[each.partition])))
        for each in objects
    )


def _stop(each: Object) -> int:
    return each.start + len(each.lines)


def _places(stored: pa.Table) -> dict[int, KafkaPosition]:
    """By the row's ind, the record that it was made from."""
    if not len(stored):
        return {}
    columns = (stored[name].to_pylist() for name in ("ind", *PLACE))
    return {ind: (partition, offset) for ind, partition, offset in zip(*columns, strict=True)}


def coverage_problems(topic: str, walks: Mapping[int, OffsetCoverage]) -> list[str]:
    """Return what the objects of each partition miss, or have twice, of the topic's offsets."""
    return [
        f"{topic}[{partition}]: {what}: {describe(offsets)}"
        for partition, walk in walks.items()
        for what, offsets in (("not in S3", walk.missing), ("twice in S3", walk.doubled))
        if offsets
    ]


def read_problems(topic: str, read: Mapping[int, list[range]]) -> list[str]:
    """Offsets that no run read, or two did, among those that the runs say they read."""
    problems = []
    for partition, found in read.items():
        at = found[0].start
        for each in found:
            if each.start > at:
                problems.append(f"{topic}[{partition}]: read by no run: {describe([range(at, each.start)])}")
            if twice := range(each.start, min(at, each.stop)):
                problems.append(f"{topic}[{partition}]: read by two runs: {describe([twice])}")
            at = max(at, each.stop)
    return problems


def fate_problems(  # noqa: PLR0913, PLR0917 - what there is of records, and where each may have gone
    topic: str,
    objects: list[Object],
    reached: Mapping[int, int],
    places: Mapping[int, KafkaPosition],
    rejected: set[KafkaPosition],
    find_keys: keys.Find,
) -> list[str]:
    """Every record that was read is a row of Delta, or in quarantine, or older than the row of its post."""
    kept = set(places.values())
    known = kept | rejected
    others = {place: landed.text(line) for place, line in _read(objects, reached) if place not in known}
    lost: dict[int, list[int]] = defaultdict(list)
    for place, key in zip(others, find_keys([*others.values()]), strict=True):
        if not _is_superseded(place, places.get(key) if key is not None else None):
            lost[place[0]].append(place[1])
    both = sorted(kept & rejected)
    return [
        *(
            f"{topic}[{partition}]: neither in Delta nor in quarantine: {describe(ranges(sorted(offsets)))}"
            for partition, offsets in lost.items()
        ),
        *(
            f"{topic}[{partition}]: both in Delta and in quarantine: offset {offset}"
            for partition, offset in both
        ),
    ]


def _read(objects: list[Object], reached: Mapping[int, int]) -> Iterator[tuple[KafkaPosition, bytes]]:
    """The records that the runs have read, by place."""
    for each in objects:
        end = reached.get(each.partition, 0)
        for offset, line in zip(range(each.start, end), each.lines, strict=False):
            yield (each.partition, offset), line


def _is_superseded(place: KafkaPosition, kept: KafkaPosition | None) -> bool:
    """Return whether the row of the record's post comes from a later record."""
    return kept is not None and _order(kept) > _order(place)


def _count_problems(stages: BatchStages, topic: str) -> list[str]:
    """Return what does not add up in Kafka and Postgres alone."""
    counts, table = stages.counts, stages.table
    checks = {
        f"{topic}: the emulator had {stages.sent:,} records acknowledged, Kafka holds {stages.kafka:,}": (
            stages.sent <= stages.kafka
        ),
        f"{table}: {counts.read:,} read, but {counts.cleaned:,} cleaned + {counts.duplicate:,} duplicate"
        f" + {counts.quarantined:,} quarantined": (
            counts.read == counts.cleaned + counts.duplicate + counts.quarantined
        ),
        f"{table}: {counts.quarantined:,} quarantined, {stages.set_aside:,} in quarantine.batch": (
            counts.quarantined == stages.set_aside
        ),
    }
    return [problem for problem, holds in checks.items() if not holds]


def _bucket_problems(stages: BatchStages) -> list[str]:
    """Return where Postgres does not say of the last run what the bucket does."""
    counts, table = stages.counts, stages.table
    checks = {
        f"{table}: {counts.read:,} read, but {stages.landed - stages.waiting:,} of the landed ones are of that range": (
            counts.read == stages.landed - stages.waiting
        ),
        f"{table}: {stages.delta:,} rows in Delta, {stages.served:,} in Postgres": stages.delta
        == stages.served,
        f"{table}: the values in Delta ({stages.delta_sum}) are not those in Postgres ({stages.served_sum})": (
            stages.delta_sum == stages.served_sum
        ),
    }
    return [problem for problem, holds in checks.items() if not holds]
