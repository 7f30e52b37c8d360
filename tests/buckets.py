"""Remove from the bucket what tests want to see come back."""

from botocore.exceptions import ClientError

from common.clients import s3_client
from common.settings import Settings


def empty_bucket(settings: Settings, prefix: str = "") -> None:
    """Remove each object whose key begins with `prefix`."""
    s3 = s3_client(settings)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=prefix):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket=settings.bucket, Key=item["Key"])


def delete_bucket(settings: Settings) -> None:
    """Remove the bucket with all that is in it, also what a running service writes meanwhile."""
    s3 = s3_client(settings)
    while True:
        empty_bucket(settings)
        try:
            s3.delete_bucket(Bucket=settings.bucket)
        except ClientError as error:
            if error.response["Error"]["Code"] != "BucketNotEmpty":
                raise
        else:
            return
