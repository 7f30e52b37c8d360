"""Read what a stream of one shard holds, over Kinesis' own API."""

from common.clients import kinesis_client
from common.settings import Settings
from common.wait import wait_until


def records(user: Settings, stream: str, count: int) -> list[tuple[str, bytes]]:
    """Return partition key and data of the stream's records, in order; there have to be `count` of them."""
    client = kinesis_client(user)
    [shard] = client.list_shards(StreamName=stream)["Shards"]
    iterator = client.get_shard_iterator(
        StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
    )["ShardIterator"]
    found: list[tuple[str, bytes]] = []

    def complete() -> bool:
        nonlocal iterator
        page = client.get_records(ShardIterator=iterator)
        iterator = page["NextShardIterator"]
        found.extend((record["PartitionKey"], record["Data"]) for record in page["Records"])
        return len(found) >= count

    wait_until(complete, timeout=30, what=f"{count} records of {stream}")
    assert not client.get_records(ShardIterator=iterator)["Records"]
    assert len(found) == count
    return found
