"""Plan a run without Spark."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from common import batch_progress
from common.batch_progress import Position, Progress
from common.bucket import bucket_id
from common.settings import Settings
from contracts.tables import TABLES, Table
from spark_jobs.batch.landing import LandedObject, new_objects

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

Mode = Literal["incremental", "rebuild", "full"]

# Some 70,000 posts: the driver's process can hold their rows at once, beside Spark's heap.
_DRIVER_BYTES = 64 * 1024**2
# Some 550,000 posts: below, Spark's own start and plans count more than its speed.
_BRIEF_BYTES = 512 * 1024**2


class PlanError(RuntimeError):
    """The request would leave half a rebuild behind; the message says what to ask for."""


@dataclass(frozen=True)
class Plan:
    """A run: its mode, the tables that have new objects, and how far earlier runs have come.

    Modes: `incremental` takes what is new; `rebuild` takes all, as there is no progress (the first run, or
    the bucket was lost) or an earlier version wrote the tables (then `outdated` is set), and leaves rows in
    Postgres that have not landed again; `full` takes all and makes that the whole content of Delta and
    Postgres. `replace` says that Postgres's tables are to be emptied (or are empty), which is quicker than to
    compare row by row. `bucket_id` says which bucket was looked at.
    """

    mode: Mode
    objects: dict[Table, list[LandedObject]]
    progress: Progress
    replace: bool
    bucket_id: str | None = None
    outdated: bool = False

    @property
    def rebuild(self) -> bool:
        """Return whether the Delta tables are made anew."""
        return self.mode != "incremental"

    @property
    def size(self) -> int:
        """Bytes to read."""
        return sum(each.size for objects in self.objects.values() for each in objects)

    @property
    def fits_driver(self) -> bool:
        """Return whether the driver's process may hold all rows of the run at once."""
        return self.size < _DRIVER_BYTES

    @property
    def is_brief(self) -> bool:
        """Return whether the run is so short that Spark's start and plans count more than its speed."""
        return self.size < _BRIEF_BYTES

    def reached(self, topic: str) -> dict[int, int]:
        """By partition, the offset up to which earlier runs have read."""
        positions = self.progress.positions.get(topic, {})
        return {partition: position.next_offset for partition, position in positions.items()}


def make_plan(
    s3: "S3Client", settings: Settings, *, full: bool, serving: bool, tables: Sequence[Table] = TABLES
) -> Plan:
    """Look at the bucket for what there is to do.

    Args:
        full: whether to rebuild all.
        serving: whether Postgres has rows of the batch path.
        tables: whose records to take; the others' wait for a later run. Tables of an earlier version are all rebuilt.

    Raises:
        PlanError: a full rebuild, which is of all tables or none, was asked for some.
        LandingError: the landing zone breaks its contract.
    """
    known, bucket = batch_progress.load(s3, settings.bucket), bucket_id(s3, settings.bucket)
    full = full or bool(known and known.replacing)
    if full and len(tables) < len(TABLES):
        raise PlanError("a full rebuild (asked for, or begun and interrupted) is of all tables: name none")
    outdated = known is not None and known.is_outdated
    if outdated:
        known, tables = None, TABLES
    start = Progress() if full or known is None else known
    objects = {table: _new_objects(s3, settings, table, start) for table in tables}
    mode: Mode = "full" if full else "rebuild" if known is None else "incremental"
    landed = {table: found for table, found in objects.items() if found}
    replace = full or (known is None and not serving)
    return Plan(mode, landed, start, replace, bucket, outdated)


def _new_objects(s3: "S3Client", settings: Settings, table: Table, start: Progress) -> list[LandedObject]:
    topic = settings.topic(table)
    positions: dict[int, Position] = start.positions.get(topic, {})
    try:
        return new_objects(s3, settings, topic, positions)
    except s3.exceptions.NoSuchBucket:
        return []
