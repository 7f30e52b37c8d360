"""The batch path, hop by hop, for one table: all of it, or what has changed since it was last found to add up."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import TYPE_CHECKING

from common.settings import Settings
from contracts.latest import BATCH_ORDER
from contracts.tables import Table
from operations.verify import accounts, digest, gather, keys, landed, served, stored
from operations.verify.accounts import Counts
from operations.verify.chain import OffsetCoverage, describe, ranges
from operations.verify.gather import Beginning, Contents
from operations.verify.landed import Extent, Object
from operations.verify.proof import NOTHING, Proof
from operations.verify.stored import PLACE, KafkaPosition, Stored

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

FindRows = Callable[[Sequence[str]], Sequence[KafkaPosition | None]]
"""The records that the rows of records' posts come from, by the records' texts; None where there is no row."""
_order = itemgetter(*(PLACE.index(name) for name in BATCH_ORDER))


@dataclass
class BatchStages:
    """The contents of the stages for a table, up to fixed offsets; `problems` says what does not add up.

    nulls: how many each compared column has in Postgres.
    lost: the bucket that the table's last run wrote into is lost, so what is in S3 says nothing of that run.
    proved: the parts that add up, if there is no problem.
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
    nulls: Mapping[str, int]
    lost: bool
    proved: Proof = NOTHING
    problems: list[str] = field(default_factory=list)


def check(  # noqa: PLR0913 - what it looks at, up to where, and what it need not look at
    settings: Settings,
    connection: "PostgresConnection",
    table: Table,
    ends: Mapping[int, int],
    *,
    lost: bool,
    known: Proof = NOTHING,
) -> BatchStages:
    """Compare the stages of a table.

    Args:
        connection: one snapshot of Postgres, of a time at which no batch run was at work.
        ends: by partition, the offset up to which to look, exclusive.
        lost: whether the table's last run wrote into a bucket that is lost.
        known: what was found to add up before, and is not read again while it has not changed.
    """
    topic = settings.topic(table)
    begin = gather.find(settings, connection, table, ends, lost=lost)
    known = known if gather.holds(known, begin) else NOTHING
    here = gather.read(settings, connection, table, begin, known)
    walks = landed.walks(here.extents, gather.landed_up_to(here.extents, ends) if lost else ends)
    stages = _stages(settings, connection, table, ends, begin, here)
    stages.landed, stages.lost = sum(each.records for each in walks.values()), lost
    stages.problems = [
        *coverage_problems(topic, walks),
        *read_problems(topic, begin.read),
        *gone_problems(topic, here.content),
        *fate_problems(
            topic,
            landed.from_offsets(here.objects, known.reached),
            begin.reached,
            set(here.content.places.values()),
            begin.rejected,
            partial(_rows_of, settings, table, here.content, known.files.keys() & set(begin.delta.paths)),
        ),
        *_count_problems(stages, topic),
        *([] if lost else _bucket_problems(stages)),
    ]
    return stages


def _stages(  # noqa: PLR0913, PLR0917 - all that is there
    settings: Settings,
    connection: "PostgresConnection",
    table: Table,
    ends: Mapping[int, int],
    begin: Beginning,
    here: Contents,
) -> BatchStages:
    """Return what each stage holds; what is in S3 below the ends is told later."""
    files, groups = here.content.files.values(), here.groups.values()
    return BatchStages(
        table,
        sent=accounts.sent(connection, settings.topic(table)),
        kafka=sum(ends.values()),
        landed=0,
        waiting=_waiting(here.extents, ends, begin.reached),
        counts=accounts.batch_counts(connection, table),
        replayed=accounts.replayed(connection, table),
        set_aside=len(begin.rejected),
        delta=sum(each.rows for each in files),
        served=sum(each.rows for each in groups),
        delta_sum=digest.of_parts(files),
        served_sum=digest.of_parts(groups),
        nulls=served.nulls(table, here.groups),
        lost=False,
        proved=gather.proved(begin, here),
    )


def _rows_of(
    settings: Settings, table: Table, content: Stored, others: Iterable[str], texts: Sequence[str]
) -> list[KafkaPosition | None]:
    """Return the records of the rows of the texts' posts: rows that were read, or of the other files."""
    found = keys.finder(settings, table)(texts)
    elsewhere = {key for key in found if key is not None} - content.places.keys()
    places = {**stored.places_of(settings, table, [*others], elsewhere), **content.places}
    return [None if key is None else places.get(key) for key in found]


def _waiting(objects: Iterable[Extent], ends: Mapping[int, int], reached: Mapping[int, int]) -> int:
    """Records that landed after the last run."""
    return sum(
        len(range(max(each.start, reached.get(each.partition, 0)), min(each.stop, ends[each.partition])))
        for each in objects
    )


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


def gone_problems(topic: str, content: Stored) -> list[str]:
    """Every row that is in Delta no more has made room for that of a later record of its post."""
    lost: dict[int, list[int]] = defaultdict(list)
    for ind, (partition, offset) in content.gone.items():
        if not _is_superseded((partition, offset), content.places.get(ind)):
            lost[partition].append(offset)
    return [
        f"{topic}[{partition}]: rows in Delta no more: {describe(ranges(sorted(offsets)))}"
        for partition, offsets in lost.items()
    ]


def fate_problems(  # noqa: PLR0913, PLR0917 - what there is of records, and where each may have gone
    topic: str,
    objects: list[Object],
    reached: Mapping[int, int],
    kept: set[KafkaPosition],
    rejected: set[KafkaPosition],
    find_rows: FindRows,
) -> list[str]:
    """Every record that was read is a row of Delta, or in quarantine, or older than the row of its post."""
    known = kept | rejected
    others = {place: landed.text(line) for place, line in _read(objects, reached) if place not in known}
    lost: dict[int, list[int]] = defaultdict(list)
    for place, row in zip(others, find_rows([*others.values()]), strict=True):
        if not _is_superseded(place, row):
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
