"""Read what streams there are, and what one of one shard holds, over Kinesis' own API."""

from common.clients import kinesis_client
from common.settings import Settings
from common.wait import wait_until


def stream_names(user: Settings) -> set[str]:
    """Return the names of all streams: an answer has 100 at the most, and the other files of a process leave theirs."""
    pages = kinesis_client(user).get_paginator("list_streams").paginate()
    return {name for page in pages for name in page["StreamNames"]}


def records(user: Settings, stream: str, count: int) -> list[tuple[str, bytes]]:
    """Return partition key and data of the stream's records, in order; there have to be `count` of them.

    A record is taken once: LocalStack's Kinesis gives the first one of a shard that was made within the same second
    the shard's own start as its number, and "after" that is the record again.
    """
    client = kinesis_client(user)
    [shard] = client.list_shards(StreamName=stream)["Shards"]
    iterator = client.get_shard_iterator(
        StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found: dict[str, tuple[str, bytes]] = {}

    def read_page() -> None:
        nonlocal iterator
        page = client.get_records(ShardIterator=iterator)
        iterator = page["NextShardIterator"]
        for record in page["Records"]:
            found[record["SequenceNumber"]] = (record["PartitionKey"], record["Data"])

    def complete() -> bool:
        read_page()
        return len(found) >= count

    wait_until(complete, timeout=60, what=f"{count} records of {stream}")
    read_page()
    assert len(found) == count, f"{stream} holds {found}"
    return list(found.values())
