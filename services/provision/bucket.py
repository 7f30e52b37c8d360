"""The bucket, made where it is missing."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.common.clients import s3_client
from services.common.settings import Settings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# The one region whose name CreateBucket refuses as a location.
_DEFAULT_REGION = "us-east-1"


def ensure_bucket(settings: Settings, s3: "S3Client | None" = None) -> None:
    """Create the bucket; one that we already own is left alone.

    Raises:
        botocore.exceptions.ClientError: S3 refuses, for example as another account owns that name.
    """
    client = s3 or s3_client(settings)
    try:
        if settings.aws_region == _DEFAULT_REGION:
            client.create_bucket(Bucket=settings.bucket)
        else:
            client.create_bucket(
                Bucket=settings.bucket,
                CreateBucketConfiguration={"LocationConstraint": settings.aws_region},  # type: ignore[typeddict-item]
            )
    except ClientError as error:
        if error.response["Error"]["Code"] != "BucketAlreadyOwnedByYou":
            raise
