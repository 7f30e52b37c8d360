"""Keep how far the batch job has come: one small object in the bucket, lost together with what it describes."""

from typing import TYPE_CHECKING

import msgspec
from botocore.exceptions import ClientError

from contracts.delta_tables import BATCH, FORMER_BATCH, Layer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "checkpoints/batch/progress.json"
# The form of what the job writes. The tables of form 1, which names none, are rebuilt by the next run: Delta had its
# times as INT96, and Postgres other dates where they were outside the years 1677 to 2262. Those of form 2 are moved by
# it: the Delta tables were in another folder.
FORM = 3


class Position(msgspec.Struct, frozen=True):
    """The end of the last run in a partition: the last object's key, and the offset after its last record."""

    key: str
    next_offset: int


class Progress(msgspec.Struct, frozen=True):
    """Positions by topic and partition.

    `replacing` says that a rebuild which replaces all served rows has begun and not ended; the next run goes
    on with it. `form` is that of the tables, which `save` sets.
    """

    positions: dict[str, dict[int, Position]] = {}
    replacing: bool = False
    form: int = 1

    @property
    def is_outdated(self) -> bool:
        """Return whether an earlier version wrote the tables, with values that are no longer right."""
        return self.form < 2

    @property
    def layer(self) -> Layer:
        """Return the folder that the Delta tables are in."""
        return FORMER_BATCH if self.form < FORM else BATCH


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
    body = msgspec.json.encode(msgspec.structs.replace(progress, form=FORM))
    s3.put_object(Bucket=bucket, Key=KEY, Body=body)
