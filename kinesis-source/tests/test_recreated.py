"""Streams that are deleted, or deleted and created again, while a query reads them."""

from typing import Any

import pytest
from kinesis_fake import FakeKinesis, FakeShard, FakeStreams, error
from micro_batches import MakePlanner, drain, recent, rows
from pyspark_kinesis_source.errors import DataLossError
from pyspark_kinesis_source.offsets import Offset
from pyspark_kinesis_source.planner import Planner

GONE = ("ResourceNotFoundException", "InvalidArgumentException")


def drain_rows(planner: Planner, offset: Offset) -> list[tuple[str, int]]:
    found: list[tuple[str, int]] = []
    while (end := planner.latest(offset, None)) != offset:
        found += rows(planner.partitions(offset, end))
        offset = end
    return found


def recreate(client: FakeKinesis, records: int) -> None:
    """Delete the stream and make another of its name; an iterator of the old one is refused once."""
    client.created = recent()
    client.shards = {name: FakeShard(records) for name in client.shards}
    client.failures = iter([error("ResourceNotFoundException")])


@pytest.mark.parametrize("before", [0, 3], ids=["from its start", "from a record"])
def test_what_was_read_of_other_streams_is_read_again(make_planner: MakePlanner, before: int) -> None:
    """Both are prefetched, then one turns out to be another: the micro-batch is planned anew, from the same start."""
    client = FakeStreams(s=FakeKinesis(a=FakeShard(before)), t=FakeKinesis(b=FakeShard()))
    planner = make_planner(client, streamName="s,t", failOnDataLoss="false")
    offset = drain(planner, {})[1]
    client.streams["s"].shards["a"].records = 5
    client.streams["t"].shards["b"].records = 2
    client.streams["t"].created = recent()
    found = drain_rows(planner, offset)
    assert sorted(found) == [*(("s", number) for number in range(before, 5)), ("t", 0), ("t", 1)]
    assert planner.report()["dataLosses"] == 1


def test_stream_whose_iterator_is_refused_is_looked_at(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client)
    offset = drain(planner, {})[1]
    recreate(client, records=8)
    with pytest.raises(DataLossError, match="stream s was deleted and created again"):
        planner.latest(offset, None)


def test_new_stream_is_read_once_from_its_start(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client, failOnDataLoss="false")
    offset = drain(planner, {})[1]
    recreate(client, records=8)
    found, offset = drain(planner, offset)
    assert found == list(range(8))
    assert offset["s"].created == round(client.created.timestamp() * 1000)
    assert planner.report()["dataLosses"] == 1


def test_new_stream_with_other_shards_is_read(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client, failOnDataLoss="false")
    offset = drain(planner, {})[1]
    recreate(client, records=8)
    client.shards = {"z": FakeShard(2)}
    assert drain(planner, offset)[0] == [0, 1]


@pytest.mark.parametrize("lax", ["true", "false"])
def test_stream_that_was_deleted_ends_the_query(make_planner: MakePlanner, lax: str) -> None:
    """Also with failOnDataLoss false: there is nothing to go on with."""

    def refused(**_: str) -> Any:  # noqa: ANN401 - it only raises
        raise error("ResourceNotFoundException")

    client: Any = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client, failOnDataLoss=lax)
    offset = drain(planner, {})[1]
    client.get_records = client.describe_stream_summary = client.list_shards = refused
    with pytest.raises(DataLossError, match="stream s does not exist"):
        planner.latest(offset, None)


@pytest.mark.parametrize("code", GONE)
def test_shard_that_refuses_to_go_on_is_lost_once(make_planner: MakePlanner, code: str) -> None:
    """Its stream is the same: the loss is of what the shard had, which is read again from what is left."""
    client = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client, failOnDataLoss="false")
    offset = drain(planner, {})[1]
    client.shards["a"].records, client.shards["a"].expired = 9, 6
    client.failures = iter([error(code)])
    assert planner.latest(offset, None)["s"].shards["a"].sequence is None
    assert planner.report()["dataLosses"] == 1
