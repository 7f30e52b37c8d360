"""Test that a micro-batch reads to the end of shards that are behind, and does not follow a steady flow."""

import pytest
from kinesis_fake import FakeKinesis, FakeShard, sequence
from micro_batches import MakePlanner
from pyspark_kinesis_source.offsets import Offset
from pyspark_kinesis_source.planner import Planner


def read_to(planner: Planner, offset: Offset) -> dict[str, str | None]:
    """The last record of each shard in the next micro-batch."""
    end = planner.latest(offset, None)
    return {shard: position.sequence for shard, position in end["s"].shards.items()}


def test_shard_that_is_a_second_behind_is_read_on(make_planner: MakePlanner) -> None:
    """20 records in pages of 5 that are no full ones; the last that is left is 1000 ms before the end."""
    client = FakeKinesis(a=FakeShard(20, page=5))
    client.behind = 200
    planner = make_planner(client)
    assert read_to(planner, planner.latest({}, None)) == {"a": sequence(19)}


def test_shard_that_is_nearly_read_up_is_left_to_the_next(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(20, page=5))
    client.behind = 66  # 15 are left, 990 ms
    planner = make_planner(client)
    assert read_to(planner, planner.latest({}, None)) == {"a": sequence(4)}


def test_shard_whose_page_is_full_is_read_on(make_planner: MakePlanner) -> None:
    """LocalStack says 0 ms behind where more records of the same millisecond follow."""
    client = FakeKinesis(a=FakeShard(20))
    client.behind = 0
    planner = make_planner(client, maxRecordsPerFetch="6")
    assert read_to(planner, planner.latest({}, None)) == {"a": sequence(19)}


def test_shard_that_is_read_up_keeps_no_other_waiting(make_planner: MakePlanner) -> None:
    """Its last page is a full one, and none comes after it; the other is nearly read up."""
    client = FakeKinesis(a=FakeShard(8, closed=True), b=FakeShard(9, page=5))
    client.behind = 66
    planner = make_planner(client, maxRecordsPerFetch="8")
    assert read_to(planner, planner.latest({}, None)) == {"a": sequence(7), "b": sequence(4)}


def test_shard_that_may_not_be_read_soon_is_left_to_the_next(make_planner: MakePlanner) -> None:
    """8 bytes at 1 a second: the records at hand do not wait for those that follow."""
    client = FakeKinesis(a=FakeShard(20, page=8))
    planner = make_planner(client, maxFetchRate="0.000001")
    assert read_to(planner, planner.latest({}, None)) == {"a": sequence(7)}


@pytest.mark.parametrize("empty", [1, 3])
def test_empty_pages_of_a_shard_that_is_behind_are_passed_over(make_planner: MakePlanner, empty: int) -> None:
    """In one micro-batch: before its first record, and between its pages."""
    client = FakeKinesis(a=FakeShard(20, page=5))
    client.empty_pages = empty
    planner = make_planner(client)
    assert read_to(planner, planner.latest({}, None)) == {"a": sequence(19)}
