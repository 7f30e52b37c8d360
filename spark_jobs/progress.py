"""How far the batch job has come: one small object in the bucket, lost together with what it describes."""

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "checkpoints/batch/progress.json"


class Position(msgspec.Struct, frozen=True):
    """Where the last run ended in a partition: the last object's key, and the offset after its last record."""

    key: str
    next_offset: int


class Progress(msgspec.Struct, frozen=True):
    """Positions by topic and partition.

    `replacing` says that a rebuild which replaces all served rows has begun and not ended; the next run goes
    on with it.
    """

    positions: dict[str, dict[int, Position]] = {}
    replacing: bool = False


def load(s3: "S3Client", bucket: str) -> Progress | None:
    """The progress of the last run, or None if there is none: the first run, or the bucket was lost.

    Raises:
        msgspec.DecodeError: the object is not what `save` writes.
    """
    try:
        body = s3.get_object(Bucket=bucket, Key=KEY)["Body"].read()
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket"}:
            return None
        raise
    return msgspec.json.decode(body, type=Progress)


def save(s3: "S3Client", bucket: str, progress: Progress) -> None:
    """Store the progress; S3 replaces the object in one step."""
    s3.put_object(Bucket=bucket, Key=KEY, Body=msgspec.json.encode(progress))
