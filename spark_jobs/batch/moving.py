"""Move the batch path's Delta tables to their folder from that of an earlier version, with all of their history.

A table's log names its files by relative paths, so a copy of all objects is the same table. The old ones go when all is
copied, and progress says so at the end: a move that was killed is done again, and finds the copies its own.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import deltalake

from common import batch_progress
from common.batch_progress import Progress
from common.clients import delta_options
from common.settings import Settings
from contracts.delta_tables import BATCH, FORMER_BATCH, QUARANTINE, folder
from contracts.tables import TABLES
from spark_jobs.sinks import delta

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# By these columns a table is ours: nobody else's has the place of a record in Kafka.
_OURS: dict[str, set[str]] = {name: {"source_partition", "source_offset"} for name in TABLES}
_OURS[QUARANTINE] = {*delta.OFFSET, "reasons"}


def move_tables(s3: "S3Client", settings: Settings, known: Progress) -> None:
    """Move the tables that are ours; `known` says that an earlier version wrote them, and no run may be at work."""
    for name, columns in _OURS.items():
        if columns <= _columns(settings, name):
            move_objects(s3, settings.bucket, f"{folder(FORMER_BATCH, name)}/", f"{folder(BATCH, name)}/")
    if not known.is_outdated:  # else they are rebuilt, and then progress is saved
        batch_progress.save(s3, settings.bucket, known)


def _columns(settings: Settings, name: str) -> set[str]:
    """Return the names of the columns of a table in the former folder; none where there is no table."""
    path, options = delta.location(settings, name, FORMER_BATCH), delta_options(settings)
    if not deltalake.DeltaTable.is_deltatable(path, options):
        return set()
    return {field.name for field in deltalake.DeltaTable(path, storage_options=options).schema().fields}


def move_objects(s3: "S3Client", bucket: str, old: str, new: str) -> None:
    """Move a table's objects from one prefix to another."""
    keys = list(_keys(s3, bucket, old))
    for key in keys:
        s3.copy({"Bucket": bucket, "Key": key}, bucket, new + key.removeprefix(old))
    # The log last, its newest commit first: what is left of it is a log, by which the table is known for ours.
    log = f"{old}_delta_log/"
    data = [key for key in keys if not key.startswith(log)]
    for key in (*data, *(key for key in reversed(keys) if key.startswith(log))):
        s3.delete_object(Bucket=bucket, Key=key)


def _keys(s3: "S3Client", bucket: str, prefix: str) -> Iterator[str]:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        yield from (each["Key"] for each in page.get("Contents", []))
