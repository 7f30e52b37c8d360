"""The bucket's identity: an id that provisioning puts into a new bucket, and that each batch run notes in ops.

LocalStack keeps S3 in memory, so a restart loses the bucket. Its successor has another id, which proves the loss: an id
is put only into a bucket without a batch run's progress, and a run that ends well leaves its progress there.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from common.settings import Settings
from contracts.tables import TABLES, Table

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

KEY = "checkpoints/bucket.json"

# Failed runs, and those of before there were ids, prove nothing.
_LOST = """
SELECT topic FROM (
    SELECT DISTINCT ON (read.topic) read.topic, run.bucket_id
    FROM ops.batch_run_offsets AS read JOIN ops.batch_runs AS run USING (run_id)
    WHERE run.error IS NULL ORDER BY read.topic, run.run_id DESC
) AS last_run
WHERE bucket_id <> %s
"""


@dataclass(frozen=True)
class Identity:
    """A bucket's id, and when it was made."""

    bucket_id: str
    made_at: datetime


def identity(s3: "S3Client", bucket: str) -> Identity | None:
    """Return the bucket's identity; None where it has none, or where there is no bucket."""
    try:
        answer = s3.get_object(Bucket=bucket, Key=KEY)
    except ClientError as error:
        if error.response["Error"]["Code"] in {"NoSuchKey", "NoSuchBucket"}:
            return None
        raise
    return Identity(json.loads(answer["Body"].read())["bucket_id"], answer["LastModified"])


def bucket_id(s3: "S3Client", bucket: str) -> str | None:
    """Return the bucket's id, or None likewise."""
    found = identity(s3, bucket)
    return found.bucket_id if found else None


def give_identity(s3: "S3Client", bucket: str) -> None:
    """Put a new id into the bucket; one that another writer put there first stays."""
    body = json.dumps({"bucket_id": str(uuid.uuid4())}).encode()
    try:
        s3.put_object(Bucket=bucket, Key=KEY, Body=body, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise


def lost_tables(connection: "PostgresConnection", settings: Settings, present: str | None) -> list[Table]:
    """Return the tables whose topic's last batch run wrote into another bucket than the present one, a lost one.

    Args:
        present: the present bucket's id; without one nothing is proven.
    """
    if present is None:
        return []
    with connection.cursor() as cursor:
        cursor.execute(_LOST, [present])
        found = {name for (name,) in cursor}
    return [table for table in TABLES if settings.topic(table) in found]
