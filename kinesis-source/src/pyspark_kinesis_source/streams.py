"""Describe a stream as Kinesis does: since when it is, what it keeps, which shards it has."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

from .client import GONE, error_code, persistently, stream_argument
from .errors import DataLossError
from .offsets import Parents

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient
    from mypy_boto3_kinesis.type_defs import DescribeStreamSummaryOutputTypeDef, ShardTypeDef

# The Date is up to a second old by itself, and the answer may have taken another.
_DATE_TOLERANCE = 2.0


@dataclass(frozen=True)
class StreamView:
    """A stream as it was at one moment; times in milliseconds, `created` since 1970.

    skew: what the server's clock shows more than this machine's.
    """

    created: int
    retention: int
    parents: Parents
    skew: int

    def now(self) -> int:
        """The server's time, in milliseconds since 1970."""
        return int(time.time() * 1000) + self.skew


def look_at(client: "KinesisClient", stream: str, *, retries: int) -> StreamView:
    """Describe the stream and list its shards.

    Raises:
        DataLossError: there is no such stream.
        botocore.exceptions.ClientError: Kinesis refuses, or stays unreachable.
    """
    try:
        return persistently(lambda: _look_at(client, stream), retries)
    except Exception as error:
        if error_code(error) in GONE:
            raise DataLossError(f"stream {stream} does not exist ({error})") from error
        raise


def _look_at(client: "KinesisClient", stream: str) -> StreamView:
    answer = client.describe_stream_summary(**stream_argument(stream))
    skew = clock_skew(answer)
    summary = answer["StreamDescriptionSummary"]
    parents = {shard["ShardId"]: tuple(_parents(shard)) for shard in _shards(client, stream)}
    created = round(summary["StreamCreationTimestamp"].timestamp() * 1000)
    return StreamView(created, summary["RetentionPeriodHours"] * 3_600_000, parents, skew)


def _shards(client: "KinesisClient", stream: str) -> Iterator["ShardTypeDef"]:
    answer = client.list_shards(**stream_argument(stream))
    yield from answer["Shards"]
    while answer.get("NextToken"):
        answer = client.list_shards(NextToken=answer["NextToken"])
        yield from answer["Shards"]


def _parents(shard: "ShardTypeDef") -> Iterator[str]:
    yield from filter(None, (shard.get("ParentShardId"), shard.get("AdjacentParentShardId")))


def clock_skew(answer: "DescribeStreamSummaryOutputTypeDef") -> int:
    """0 unless the answer's Date, which is in whole seconds, contradicts this machine's clock."""
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    if not date:
        return 0
    ahead = parsedate_to_datetime(date).timestamp() - time.time()
    return 0 if -_DATE_TOLERANCE <= ahead <= 1 else round(ahead * 1000)
