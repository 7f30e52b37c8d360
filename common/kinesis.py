"""Listing a stream's shards."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient


def shard_ids(client: "KinesisClient", stream: str) -> Iterator[str]:
    """Yield the id of each shard of the stream, page by page.

    botocore's own paginator names the stream beside the token of the next page, which Kinesis refuses.
    """
    page = client.list_shards(StreamName=stream)
    yield from (shard["ShardId"] for shard in page["Shards"])
    while token := page.get("NextToken"):
        page = client.list_shards(NextToken=token)
        yield from (shard["ShardId"] for shard in page["Shards"])
