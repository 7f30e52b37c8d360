"""The queries' checkpoints: `checkpoints/streaming/<query>` in the bucket, so that they are lost with its tables."""

import json
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from contracts.checkpoints import STREAMING

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client


def prefix(query: str) -> str:
    """Return where a query's checkpoint begins."""
    return f"{STREAMING}{query}/"


def query_id(s3: "S3Client", bucket: str, query: str) -> str | None:
    """Spark's id of the checkpoint, which it writes first of all; None where there is none.

    Raises:
        botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError: S3 does not answer, or lacks the bucket.
    """
    try:
        body = s3.get_object(Bucket=bucket, Key=f"{prefix(query)}metadata")["Body"].read()
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") == "NoSuchKey":
            return None
        raise
    found: str = json.loads(body)["id"]
    return found


def has_commits(s3: "S3Client", bucket: str, query: str) -> bool:
    """Return whether a micro-batch of it was ever finished."""
    commits = f"{prefix(query)}commits/"
    # The folder itself is an object as well.
    return s3.list_objects_v2(Bucket=bucket, Prefix=commits, StartAfter=commits, MaxKeys=1)["KeyCount"] > 0


def forget(s3: "S3Client", bucket: str, query: str) -> bool:
    """Remove a checkpoint: the query will read its source from the start. Whether there was anything of it."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix(query))
    found = False
    for page in pages:
        keys = [{"Key": each["Key"]} for each in page.get("Contents", [])]
        if keys:
            found = True
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})  # type: ignore[typeddict-item]
    return found
