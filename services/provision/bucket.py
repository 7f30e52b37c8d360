"""The bucket, made where it is missing, with an id of its own."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from common import batch_progress
from common.bucket import bucket_id, give_identity
from common.clients import s3_client
from common.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The one region whose name CreateBucket refuses as a location.
_DEFAULT_REGION = "us-east-1"


def ensure_bucket(settings: Settings, s3: "S3Client | None" = None) -> None:
    """Create the bucket and give it an id; one that we already own keeps its own.

    A bucket with a batch run's progress gets none: an earlier version made it, and it is not lost.

    Raises:
        botocore.exceptions.ClientError: S3 refuses, for example as another account owns that name.
    """
    client = s3 or s3_client(settings)
    try:
        if settings.aws.region == _DEFAULT_REGION:
            client.create_bucket(Bucket=settings.bucket)
        else:
            client.create_bucket(
                Bucket=settings.bucket,
                CreateBucketConfiguration={"LocationConstraint": settings.aws.region},  # type: ignore[typeddict-item]
            )
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
    if bucket_id(client, settings.bucket) is None and batch_progress.load(client, settings.bucket) is None:
        give_identity(client, settings.bucket)
