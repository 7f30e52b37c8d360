"""The Kinesis streams of the three tables, made where they are missing."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from common.clients import kinesis_client
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

# LocalStack's streams are ready in milliseconds, its Kinesis itself starts in 2 s at the first call; AWS needs 10 to
# 30 s for a stream. Three times that.
_TIMEOUT_SECONDS = 90.0


def ensure_streams(settings: Settings, kinesis: "KinesisClient | None" = None) -> list[str]:
    """Create `streaming-<id>-pin`, `-geo` and `-user` and wait until they are active; existing ones are left alone.

    Returns:
        One sentence per existing stream whose number of open shards is not the one that is set.

    Raises:
        TimeoutError: a stream does not become active.
        botocore.exceptions.ClientError: Kinesis refuses.
    """
    client = kinesis or kinesis_client(settings)
    names = [settings.stream(table) for table in TABLES]
    for name in names:
        _create(client, name, settings.kinesis.shards)
    wait_until(
        lambda: all(_active(client, name) for name in names),
        timeout=_TIMEOUT_SECONDS,
        what=f"{names} to be active",
    )
    return [remark for name in names if (remark := _difference(client, name, settings.kinesis.shards))]


def has_none(settings: Settings, kinesis: "KinesisClient") -> bool:
    """Return whether all streams are gone: Kinesis has lost them. One that is missing alone is somebody's wish."""
    pages = kinesis.get_paginator("list_streams").paginate()
    present = {name for page in pages for name in page["StreamNames"]}
    return not present & {settings.stream(table) for table in TABLES}


def _create(client: "KinesisClient", name: str, shards: int) -> None:
    try:
        client.create_stream(StreamName=name, ShardCount=shards)
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceInUseException":
            raise


def _active(client: "KinesisClient", name: str) -> bool:
    summary = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return summary["StreamStatus"] == "ACTIVE"


def _difference(client: "KinesisClient", name: str, expected: int) -> str | None:
    found = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"]
    if found == expected:
        return None
    return f"stream {name} has {found} open shards, KINESIS_SHARDS is {expected}; it is left as it is"
