"""LocalStack's Kinesis takes records as fast into a shard that holds many as into an empty one."""

import secrets
import time
from typing import TYPE_CHECKING

import boto3

from common.clients import aws_options
from common.settings import Settings
from tests.integration.kinesis_lab import Stream

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

HELD = 10_000
REQUEST = 500


def test_put_records_costs_no_more_for_what_the_shard_holds(localstack: Settings) -> None:
    """Before stack/localstack/quick-puts.cjs a request took eight times as long at HELD records."""
    client: KinesisClient = boto3.client("kinesis", **aws_options(localstack))
    stream = Stream(localstack)
    seconds = [_put(client, stream.name) for _ in range(HELD // REQUEST)]
    stream.delete()
    # The quickest of five each, so that what else the machine does is in neither.
    assert min(seconds[-5:]) < 3 * min(seconds[:5])


def _put(client: "KinesisClient", stream: str) -> float:
    """Put REQUEST records; returns the seconds that it took."""
    records = [{"Data": b"x" * 700, "PartitionKey": secrets.token_hex(4)} for _ in range(REQUEST)]
    began = time.perf_counter()
    answer = client.put_records(StreamName=stream, Records=records)  # type: ignore[arg-type]
    assert not answer["FailedRecordCount"]
    return time.perf_counter() - began
