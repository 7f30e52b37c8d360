"""Records, shards and streams that are gone: never passed over in silence."""

from typing import Any

import pytest
from kinesis_fake import FakeKinesis, FakeShard, error, options, sequence
from micro_batches import MakePlanner, drain, numbers, recent
from pyspark_kinesis_source.errors import DataLossError
from pyspark_kinesis_source.offsets import Position
from pyspark_kinesis_source.ranges import RangePartition


def test_range_that_has_expired_is_an_error_or_counted(
    make_planner: MakePlanner, caplog: pytest.LogCaptureFixture
) -> None:
    client: Any = FakeKinesis(a=FakeShard(50))
    start = make_planner(client).latest({}, None)
    end = make_planner(client).latest(start, 30)
    (part,) = make_planner(client).partitions(start, end)
    assert isinstance(part, RangePartition)
    client.shards["a"].expired = 12
    with pytest.raises(DataLossError, match=r"shard a: 12 of 30 records .* are gone"):
        list(part.batches(client, options()))
    kept = list(part.batches(client, options(failOnDataLoss="false")))
    assert [int(each) for batch in kept for each in batch["data"].to_pylist()] == list(range(12, 30))
    assert "12 of 30 records" in caplog.text


def test_position_older_than_the_retention_must_still_be_there(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(50))
    offset = drain(make_planner(client), {})[1]
    long_ago = Position(read_to=0, sequence=sequence(20), records=1)
    old = {"s": type(offset["s"])(offset["s"].created, 0, {"a": long_ago})}
    assert drain(make_planner(client), old)[0] == list(range(21, 50))
    client.shards["a"].expired = 30
    with pytest.raises(DataLossError, match="shard a: what was read last has expired"):
        drain(make_planner(client), old)
    lax = make_planner(client, failOnDataLoss="false")
    assert drain(lax, old)[0] == list(range(30, 50))
    assert lax.report()["dataLosses"] == 1


def test_records_before_a_gap_are_kept(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(20))
    client.failures = iter([None, error("InvalidArgumentException"), error("InvalidArgumentException")])
    planner = make_planner(client, failOnDataLoss="false", maxRecordsPerFetch="5")
    start = planner.latest({}, None)
    end = planner.latest(start, None)
    assert numbers(planner.partitions(start, end)) == [0, 1, 2, 3, 4]
    assert end["s"].shards["a"].sequence == sequence(4)
    assert planner.latest(end, None)["s"].shards["a"].sequence is None
    assert planner.report()["dataLosses"] == 1


def test_idle_shard_is_renewed_before_it_looks_expired(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client)
    offset = drain(planner, {})[1]
    now = planner.watch.views["s"].now()
    seven_hours_ago = Position(now - 7 * 3_600_000, sequence(4), 5)
    idle = {"s": type(offset["s"])(offset["s"].created, 0, {"a": seven_hours_ago})}
    end = planner.latest(idle, None)
    assert end["s"].shards["a"].read_to >= now
    assert planner.partitions(idle, end) == []
    assert planner.latest(end, None) == end


def test_stream_created_again(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5))
    offset = drain(make_planner(client), {})[1]
    client.created = recent()
    with pytest.raises(DataLossError, match="stream s was deleted and created again"):
        make_planner(client).latest(offset, None)
    planner = make_planner(client, failOnDataLoss="false", initialPosition="latest")
    assert drain(planner, offset)[0] == [0, 1, 2, 3, 4]


def test_stream_created_again_before_its_first_record_was_read(make_planner: MakePlanner) -> None:
    """LocalStack's iterators go on in the new stream; only its creation time tells."""
    client = FakeKinesis(a=FakeShard(5), b=FakeShard(0))
    planner = make_planner(client, failOnDataLoss="false")
    start = planner.latest({}, None)
    client.created = recent()
    found, offset = drain(planner, start)
    assert found == [0, 1, 2, 3, 4]
    assert planner.report()["dataLosses"] == 1
    client.shards["b"].records = 2
    assert drain(planner, offset)[0] == [0, 1]


def test_shard_that_expired_unread(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5), b=FakeShard(5))
    offset = drain(make_planner(client), {})[1]
    del client.shards["b"]
    client.shards["c"] = FakeShard(3, parents=("b",))
    with pytest.raises(DataLossError, match="no more the shards b"):
        make_planner(client).latest(offset, None)
    assert drain(make_planner(client, failOnDataLoss="false"), offset)[0] == [0, 1, 2]
