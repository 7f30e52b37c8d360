"""LocalStack's Kinesis keeps the newest records: those of the stream's retention, and so many MB of all streams."""

import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyspark_kinesis_source.options import parse_options
from pyspark_kinesis_source.partitions import PrefetchedPartition
from pyspark_kinesis_source.planner import Planner

from bench.kinesis_puts import CHANGES, kinesis, node
from common.settings import ROOT
from common.wait import wait_until

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

KEPT_MB = 1
WIDTH = 20_000  # of a record's data: 52 fill KEPT_MB
FULL = 60
REQUEST = 20
# It is there in a second on an idle machine.
_STREAM_SECONDS = 60.0


class Shard:
    """The one shard of a stream; its records are numbers.

    sequences: of all records that were put.
    """

    def __init__(self, client: "KinesisClient", stream: str) -> None:
        self.client, self.stream, self.sequences = client, stream, list[str]()
        client.create_stream(StreamName=stream, ShardCount=1)
        described = partial(client.describe_stream_summary, StreamName=stream)
        wait_until(
            lambda: described()["StreamDescriptionSummary"]["StreamStatus"] == "ACTIVE",
            timeout=_STREAM_SECONDS,
            what=f"stream {stream}",
        )
        self.id = client.list_shards(StreamName=stream)["Shards"][0]["ShardId"]

    def put(self, records: int) -> None:
        """Put so many by PutRecords, and the last by PutRecord."""
        begin, end = len(self.sequences), len(self.sequences) + records - 1
        for first in range(begin, end, REQUEST):
            numbers = range(first, min(first + REQUEST, end))
            entries = [{"Data": f"{number:{WIDTH}}".encode(), "PartitionKey": "key"} for number in numbers]
            answer = self.client.put_records(StreamName=self.stream, Records=entries)  # type: ignore[arg-type]
            self.sequences += [record["SequenceNumber"] for record in answer["Records"]]
        data = f"{end:{WIDTH}}".encode()
        single = self.client.put_record(StreamName=self.stream, Data=data, PartitionKey="key")
        self.sequences.append(single["SequenceNumber"])

    def iterator(self, kind: str, **where: Any) -> str:  # noqa: ANN401 - a number or a time
        """Return an iterator."""
        place = {"ShardIteratorType": kind, **where}
        answer = self.client.get_shard_iterator(StreamName=self.stream, ShardId=self.id, **place)
        return answer["ShardIterator"]

    def read(self, kind: str = "TRIM_HORIZON", **where: Any) -> list[int]:  # noqa: ANN401
        """Return the numbers from there on."""
        return self.read_from(self.iterator(kind, **where))

    def read_from(self, iterator: str) -> list[int]:
        """Return the numbers of a page."""
        return [int(record["Data"]) for record in self.client.get_records(ShardIterator=iterator)["Records"]]


@pytest.fixture(scope="module")
def client() -> Iterator["KinesisClient"]:
    with kinesis(ours=True, kept_mb=KEPT_MB) as running:
        yield running


def test_beyond_the_bound_the_newest_are_left_in_their_order(client: "KinesisClient") -> None:
    shard = Shard(client, "bound")
    for _ in range(3):
        shard.put(FULL)
    assert len(shard.sequences) == 3 * FULL
    assert sorted(map(int, set(shard.sequences))) == list(map(int, shard.sequences))
    kept = shard.read()
    assert kept == list(range(3 * FULL))[-len(kept) :]
    assert WIDTH * (len(kept) - 1) < KEPT_MB * 1024**2 < WIDTH * 1.5 * len(kept)


def test_iterators_of_all_kinds_find_what_is_left(client: "KinesisClient") -> None:
    shard = Shard(client, "iterators")
    shard.put(2 * FULL)
    kept = shard.read()
    oldest, newest = (shard.sequences[kept[at]] for at in (0, -1))
    assert shard.read("AT_TIMESTAMP", Timestamp=0) == kept
    assert shard.read("AT_SEQUENCE_NUMBER", StartingSequenceNumber=oldest) == kept
    assert shard.read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=oldest) == kept[1:]
    assert shard.read("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=newest) == []
    assert shard.read("LATEST") == []
    waiting = shard.iterator("LATEST")
    shard.put(2)
    assert shard.read_from(waiting) == [2 * FULL, 2 * FULL + 1]


def test_who_stands_at_a_removed_record_is_told(client: "KinesisClient") -> None:
    shard = Shard(client, "behind")
    shard.put(5)
    behind = shard.iterator("LATEST")
    shard.put(2 * FULL)
    gone = client.exceptions.ResourceNotFoundException
    with pytest.raises(gone, match="not found"):
        shard.read_from(behind)
    for kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        with pytest.raises(gone, match="Unable to find record"):
            shard.read(kind, StartingSequenceNumber=shard.sequences[4])


def test_an_idle_stream_makes_room_but_for_its_newest(client: "KinesisClient") -> None:
    idle, busy = Shard(client, "idle"), Shard(client, "busy")
    idle.put(20)
    waiting = idle.iterator("LATEST")
    busy.put(2 * FULL)
    assert idle.read() == [19]
    idle.put(1)
    assert idle.read_from(waiting) == [20]


def test_the_source_says_that_records_are_lost_and_goes_on(
    client: "KinesisClient", caplog: pytest.LogCaptureFixture
) -> None:
    shard = Shard(client, "source")
    options = {
        "streamName": shard.stream,
        "endpointUrl": client.meta.endpoint_url,
        "region": client.meta.region_name,
        "awsAccessKey": "test",
        "awsSecretKey": "test",
        "failOnDataLoss": "false",
    }
    planner = Planner(parse_options(options, default_position="trim_horizon"))
    shard.put(5)
    found, offset = micro_batches(planner, {})
    assert found == list(range(5))
    shard.put(2 * FULL)
    found, _ = micro_batches(planner, offset)
    planner.close()
    assert found == shard.read()
    assert planner.report()["dataLosses"] == 1
    assert "records may be lost: stream source" in caplog.text


def micro_batches(planner: Planner, offset: Any) -> tuple[list[int], Any]:  # noqa: ANN401 - the source's
    """Return the numbers of all micro-batches that there are, and the last one's end."""
    found = list[int]()
    while (end := planner.latest(offset, None)) != offset:
        for part in planner.partitions(offset, end):
            assert isinstance(part, PrefetchedPartition)
            found += [int(data) for batch in part.batches() for data in batch["data"].to_pylist()]
        offset = end
    return found, offset


def test_what_is_older_than_the_retention_goes_but_for_the_newest_of_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A day passes as a file appears."""
    (tmp_path / "clock.cjs").write_text(
        f"const now = Date.now, passed = () => require('fs').existsSync('{tmp_path}/passed');"
        "Date.now = () => now() + (passed() ? 25 * 3600e3 : 0);"
    )
    monkeypatch.setenv("NODE_OPTIONS", f"--require={tmp_path}/clock.cjs")
    with kinesis(ours=True) as client:
        short, long = Shard(client, "a-day"), Shard(client, "two-days")
        client.increase_stream_retention_period(StreamName=long.stream, RetentionPeriodHours=48)
        for shard in (short, long):
            shard.put(3)
        (tmp_path / "passed").touch()
        for shard in (short, long):
            shard.put(2)
        after = {"kind": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": short.sequences[2]}
        assert (short.read(), long.read(), short.read(**after)) == ([2, 3, 4], [0, 1, 2, 3, 4], [3, 4])


@pytest.mark.parametrize("change", CHANGES)
def test_another_version_is_refused(tmp_path: Path, change: str) -> None:
    program = tmp_path / "kinesis-local" / "main.js"
    program.parent.mkdir()
    program.write_text("console.log('runs')")
    loaded = f"--require={ROOT / 'stack/localstack' / change}"
    done = subprocess.run([node(), loaded, program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{program} is not the version that stack/localstack/{change} was written for" in done.stderr
