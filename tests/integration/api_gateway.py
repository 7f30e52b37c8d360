"""A REST API under test, before a REST proxy of its own, and what it put into streams."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from common.clients import kinesis_client
from common.settings import Settings
from common.wait import wait_until
from services.provision.api import ensure_api
from services.provision.streams import ensure_streams
from tests.integration.rest_proxy import running_proxy

# Bytes that a careless gateway would change: number formats, escapes, blanks, signs of its template language.
TEXTS = [
    '{ "index": 7528, "title": "é😀\\u00e9 \\"quoted\\" \'single\' back\\\\slash" }',
    '{"n": 12345678901234567890123456789, "f": 1.10, "g": -0, "h": 1e400}',
    "no JSON at all: $input.path('$') #set($a = 1) #end ## ${b} \\u0000 日本語 \t\r\n",
    "",
]


@contextmanager
def running_api(kafka: Settings, localstack: Settings, folder: Path) -> Iterator[Settings]:
    """A user of its own with API and streams, and a REST proxy behind them."""
    with running_proxy(kafka, folder) as proxy:
        own = {"user_id": uuid4().hex[:12], "api_rest_proxy_url": proxy.settings.rest_proxy_url}
        user = localstack.model_copy(update=own)
        assert ensure_streams(user) == []
        assert ensure_api(user)
        yield user


def records(user: Settings, stream: str, count: int) -> list[tuple[str, bytes]]:
    """Partition key and data of the stream's records, in order; there have to be `count` of them."""
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
