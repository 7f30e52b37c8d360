"""A Delta table's present content, without Spark: the newest checkpoint of its log, and the commits after it.

Reference: the Delta transaction log protocol, "Action reconciliation" and "Checkpoints" (classic ones, which is what
delta-spark writes for tables without the feature v2Checkpoint).
"""

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pyarrow as pa
from pyarrow import parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_COMMIT = re.compile(r"/(\d{20})\.json$")
_CHECKPOINT = re.compile(r"/(\d{20})\.checkpoint(?:\.\d{10}\.\d{10})?\.parquet$")


def files(s3: "S3Client", bucket: str, folder: str) -> list[str]:
    """The paths (`s3a://bucket/key`) of the files that are the table's content; none where there is no table.

    Args:
        folder: the table's key prefix, without a slash at its end.
    """
    keys = list(_log(s3, bucket, folder))
    checkpoint = max((int(found[1]) for found in map(_CHECKPOINT.search, keys) if found), default=-1)
    present: set[str] = set()
    for key in keys:
        found = _CHECKPOINT.search(key)
        if found and int(found[1]) == checkpoint:
            present |= set(_added(_body(s3, bucket, key)))
    for key in sorted(key for key in keys if (found := _COMMIT.search(key)) and int(found[1]) > checkpoint):
        present = _after(present, _body(s3, bucket, key))
    return [f"s3a://{bucket}/{folder}/{path}" for path in sorted(present)]


def _log(s3: "S3Client", bucket: str, folder: str) -> Iterator[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{folder}/_delta_log/")
    for page in pages:
        yield from (item["Key"] for item in page.get("Contents", []))


def _body(s3: "S3Client", bucket: str, key: str) -> bytes:
    return s3.get_object(Bucket=bucket, Key=key)["Body"].read()


def _added(checkpoint: bytes) -> Iterator[str]:
    """What a checkpoint says was added and not removed since."""
    rows = parquet.read_table(pa.BufferReader(checkpoint), columns=["add.path"])["add"]
    yield from (unquote(row["path"]) for row in rows.to_pylist() if row and row["path"])


def _after(present: set[str], commit: bytes) -> set[str]:
    """The files after a commit; one may remove what it also adds nothing of, so removals come first."""
    actions = [json.loads(line) for line in commit.splitlines()]
    removed = {unquote(action["remove"]["path"]) for action in actions if "remove" in action}
    added = {unquote(action["add"]["path"]) for action in actions if "add" in action}
    return present - removed | added
