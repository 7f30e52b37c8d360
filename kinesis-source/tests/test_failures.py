"""Calls that Kinesis refuses or does not answer, and its limits on them."""

import time
from types import SimpleNamespace

import pytest
from kinesis_fake import FakeKinesis, FakeShard, error, options
from micro_batches import ORIGIN, Clock, MakePlanner, drain, numbers
from pyspark_kinesis_source.cursor import ShardCursor
from pyspark_kinesis_source.offsets import Position
from pyspark_kinesis_source.ranges import RangePartition


@pytest.fixture
def stopped(monkeypatch: pytest.MonkeyPatch) -> float:
    """Stop the clock that cursors look at; return its seconds."""
    now = time.monotonic()
    monkeypatch.setattr("pyspark_kinesis_source.cursor.time", SimpleNamespace(monotonic=lambda: now))
    return now


def test_reads_keep_to_five_a_second_and_to_the_rate(stopped: float) -> None:
    client = FakeKinesis(a=FakeShard(100_000))
    cursor = ShardCursor(client, options(maxFetchRate="0.00001"), ORIGIN, Position(read_to=0))  # type: ignore[arg-type]
    cursor.fetch(1)
    assert cursor.due - stopped == pytest.approx(0.2, abs=0.1)
    cursor.fetch(100)  # 190 bytes at 10 a second
    assert cursor.due - stopped == pytest.approx(19, abs=1)


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "LimitExceededException", "InternalFailure"]
)
def test_throttling_is_waited_out_with_growing_delays(
    make_planner: MakePlanner, clock: Clock, code: str
) -> None:
    client = FakeKinesis(a=FakeShard(20))
    client.failures = iter([None, error(code), error(code), error(code), None])
    planner = make_planner(client, maxRecordsPerFetch="5")
    planner.set_target()
    assert drain(planner, {})[0] == list(range(20))
    assert sum(clock.waited) > 0.2 + 0.4 + 0.8


def test_other_shards_go_on_while_one_is_throttled(make_planner: MakePlanner, stopped: float) -> None:
    client = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client)
    start = planner.latest({}, None)
    cursor = ShardCursor(client, planner.options, ORIGIN, Position(read_to=0))  # type: ignore[arg-type]
    client.failures = iter([error("ProvisionedThroughputExceededException")])
    assert cursor.fetch(10) is None
    assert cursor.due > stopped
    end = planner.latest(start, None)
    assert numbers(planner.partitions(start, end)) == [0, 1, 2, 3, 4]


def test_failures_that_do_not_pass_end_the_query(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(20))
    client.failures = iter([error("AccessDeniedException")])
    planner = make_planner(client)
    start = planner.latest({}, None)
    with pytest.raises(Exception, match="AccessDenied"):
        planner.latest(start, None)


def test_server_that_stays_away_ends_the_query(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(20))
    client.failures = iter([error("InternalFailure", 500)] * 7)
    planner = make_planner(client, clientRetries="3")
    start = planner.latest({}, None)
    with pytest.raises(Exception, match="InternalFailure"):
        [planner.latest(start, None) for _ in range(10)]


def test_expired_iterator_is_renewed_in_the_middle_of_a_batch(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(30))
    client.failures = iter([None, None, error("ExpiredIteratorException")])
    planner = make_planner(client, maxRecordsPerFetch="5")
    found, _ = drain(planner, {})
    assert found == list(range(30))
    assert client.calls == ["TRIM_HORIZON", "AFTER_SEQUENCE_NUMBER"]


def test_range_is_read_again_after_a_restart(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(50))
    client.empty_pages = 1
    start = make_planner(client).latest({}, None)
    end = make_planner(client).latest(start, 30)
    (part,) = make_planner(client).partitions(start, end)
    assert isinstance(part, RangePartition)
    client.failures = iter([None, error("ExpiredIteratorException"), None, error("ThrottlingException")])
    again = list(part.batches(client, options(maxRecordsPerFetch="8")))  # type: ignore[arg-type]
    assert [int(each) for batch in again for each in batch["data"].to_pylist()] == list(range(30))
