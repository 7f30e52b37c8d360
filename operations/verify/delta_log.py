"""Find the data files that are a Delta table's present content: by its newest checkpoint and the commits after it.

This reader is our own so that it shares no mistake with the two libraries that write the tables
(docs/adr/0011-verify-reads-delta-by-its-own-reader.md). It takes nothing from the log but the names of files: counts
and limits of columns that the log claims are never believed.

Reference: the Delta transaction log protocol, "Action reconciliation" and "Checkpoints" (classic ones, which is what
delta-spark writes for tables without the feature v2Checkpoint).
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa
from pyarrow import parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_COMMIT = re.compile(r"/(\d{20})\.json$")
_CHECKPOINT = re.compile(r"/(\d{20})\.checkpoint(?:\.\d{10}\.\d{10})?\.parquet$")


def files(s3: "S3Client", bucket: str, folder: str) -> list[str]:
    """Return the paths (`s3a://bucket/key`) of the files that are the table's content; none where there is no table.

    Args:
        folder: the table's key prefix, without a slash at its end.

    Raises:
        ValueError: a commit is missing from the log, so nobody can know what the table holds.
    """
    keys = list(log_keys(s3, bucket, folder))
    checkpoint = max((int(found[1]) for found in map(_CHECKPOINT.search, keys) if found), default=-1)
    present: set[str] = set()
    for key in keys:
        found = _CHECKPOINT.search(key)
        if found and int(found[1]) == checkpoint:
            present |= set(_added(read_object(s3, bucket, key)))
    commits = {int(found[1]): key for key in keys if (found := _COMMIT.search(key))}
    for version in _later(commits, checkpoint, folder):
        present = _after(present, read_object(s3, bucket, commits[version]))
    return [f"s3a://{bucket}/{folder}/{path}" for path in sorted(present)]


def _later(commits: Iterable[int], checkpoint: int, folder: str) -> list[int]:
    """Return the versions after the checkpoint's, in order; raise ValueError where one is missing."""
    later = sorted(version for version in commits if version > checkpoint)
    missing = set(range(checkpoint + 1, max(later, default=checkpoint) + 1)) - set(later)
    if missing:
        raise ValueError(
            f"The log of the Delta table {folder} lacks commit {min(missing)}, so its rows are unknown."
        )
    return later


def log_keys(s3: "S3Client", bucket: str, folder: str) -> Iterator[str]:
    """Yield the keys of the objects in a table's log."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}/_delta_log/")
    for page in pages:
        yield from (item["Key"] for item in page.get("Contents", []))


def read_object(s3: "S3Client", bucket: str, key: str) -> bytes:
    """Return what an object holds."""
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _added(checkpoint: bytes) -> Iterator[str]:
    """Yield the files that a checkpoint says were added and not removed since."""
    # Not read_table, which gives the nested column another name where the file is of delta-rs.
    rows = parquet.ParquetFile(pa.BufferReader(checkpoint)).read(columns=["add.path"])["add"]
    yield from (unquote(row["path"]) for row in rows.to_pylist() if row and row["path"])


def _after(present: set[str], commit: bytes) -> set[str]:
    """Return the files after a commit; removals come first, for a commit adds no file that it removes."""
    actions = [json.loads(line) for line in commit.splitlines()]
    removed = {unquote(action["remove"]["path"]) for action in actions if "remove" in action}
    added = {unquote(action["add"]["path"]) for action in actions if "add" in action}
    return present - removed | added
