"""A Kinesis of lists, for what a real one does too rarely: errors, expiry, empty pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from botocore.exceptions import ClientError
from pyspark_kinesis_source.options import Options, parse_options

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def options(**given: str) -> Options:
    """Options of a query from the stream `s`."""
    return parse_options({"streamName": "s", **given}, default_position="trim_horizon")


def error(code: str, status: int = 400) -> ClientError:
    """A service's error."""
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "GetRecords")


def sequence(number: int) -> str:
    """A sequence number as long as Kinesis': 56 digits."""
    return str(4968 * 10**52 + number)


class FakeShard:
    """Records 0, 1, 2 ... whose data is their number; the first may have expired.

    page: no page has more, whatever the limit of the call.
    width: bytes of the data, with blanks before the number.
    """

    def __init__(
        self,
        records: int = 0,
        *,
        parents: tuple[str, ...] = (),
        closed: bool = False,
        page: int = 10_000,
        width: int = 1,
    ) -> None:
        self.records, self.parents, self.closed, self.expired = records, parents, closed, 0
        self.page, self.width = page, width


class FakeKinesis:
    """As much of boto3's client as the source uses.

    failures: raised by the next calls of get_records, one each; None lets a call pass.
    empty_pages: before each page with records.
    behind: milliseconds that each record which a page leaves puts the reader behind.
    begin: when each shard's first record arrived; the others followed by the second.
    """

    def __init__(self, **shards: FakeShard) -> None:
        self.shards = shards
        self.created = self.begin = BEGIN
        self.failures: Iterator[Exception | None] = iter(())
        self.empty_pages = 0
        self.behind = 5000
        self.calls: list[str] = []

    def describe_stream_summary(self, **_stream: str) -> dict[str, Any]:
        summary = {"StreamCreationTimestamp": self.created, "RetentionPeriodHours": 24}
        return {"StreamDescriptionSummary": summary, "ResponseMetadata": {"HTTPHeaders": {}}}

    def list_shards(self, **_stream: str) -> dict[str, Any]:
        names = ("ParentShardId", "AdjacentParentShardId")
        listed = [
            {"ShardId": name, **dict(zip(names, shard.parents, strict=False))}
            for name, shard in self.shards.items()
        ]
        return {"Shards": listed}

    def get_shard_iterator(self, **given: Any) -> dict[str, str]:  # noqa: ANN401 - texts and a time
        self.calls.append(given["ShardIteratorType"])
        shard = self.shards[given["ShardId"]]
        number = shard.expired
        if "StartingSequenceNumber" in given:
            after = given["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"
            asked = int(given["StartingSequenceNumber"]) - int(sequence(0)) + after
            asked -= after and asked == 1  # as LocalStack does: "after" the very first record begins with it
            number = max(asked, shard.expired)  # as Kinesis does: what has expired is passed over in silence
        elif "Timestamp" in given:
            asked = ceil((given["Timestamp"] - self.begin).total_seconds())
            number = min(max(asked, shard.expired), shard.records)
        return {"ShardIterator": f"{given['ShardId']} {number} {self.empty_pages}"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803 - boto3's names
        failure = next(self.failures, None)
        if failure is not None:
            raise failure
        name, first, empty = ShardIterator.split()
        shard, start = self.shards[name], int(first)
        stop = start if int(empty) else min(start + min(Limit, shard.page), shard.records)
        following = {
            "NextShardIterator": f"{name} {stop} {int(empty) - 1 if int(empty) else self.empty_pages}"
        }
        return {
            "Records": [self._record(number, shard.width) for number in range(start, stop)],
            "MillisBehindLatest": self.behind * (shard.records - stop),
            **({} if shard.closed and stop == shard.records else following),
        }

    def _record(self, number: int, width: int) -> dict[str, Any]:
        return {
            "Data": b"%*d" % (width, number),
            "PartitionKey": "k",
            "SequenceNumber": sequence(number),
            "ApproximateArrivalTimestamp": self.begin + timedelta(seconds=number),
        }


class FakeStreams:
    """Several streams by name; an iterator tells which it is of."""

    def __init__(self, **streams: FakeKinesis) -> None:
        self.streams = streams

    def describe_stream_summary(self, *, StreamName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        return self.streams[StreamName].describe_stream_summary()

    def list_shards(self, *, StreamName: str) -> dict[str, Any]:  # noqa: N803
        return self.streams[StreamName].list_shards()

    def get_shard_iterator(self, *, StreamName: str, **given: str) -> dict[str, str]:  # noqa: N803
        answer = self.streams[StreamName].get_shard_iterator(**given)
        return {"ShardIterator": f"{StreamName}/{answer['ShardIterator']}"}

    def get_records(self, *, ShardIterator: str, Limit: int) -> dict[str, Any]:  # noqa: N803
        name, _, iterator = ShardIterator.partition("/")
        answer = self.streams[name].get_records(ShardIterator=iterator, Limit=Limit)
        following = answer.get("NextShardIterator")
        return answer | ({"NextShardIterator": f"{name}/{following}"} if following else {})
