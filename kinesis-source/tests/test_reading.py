"""Test that micro-batches read everything, in order, within the limits."""

import time
from datetime import timedelta

import pyarrow as pa
from kinesis_fake import BEGIN, FakeKinesis, FakeShard, options, sequence
from micro_batches import Clock, MakePlanner, drain
from pyspark_kinesis_source.cursor import ShardOrigin
from pyspark_kinesis_source.offsets import Offset
from pyspark_kinesis_source.partitions import ShardPartition
from pyspark_kinesis_source.prefetch import Taken, in_tasks


def test_reads_everything_in_limited_batches(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(100))
    planner = make_planner(client)
    found, offset = drain(planner, {}, limit=7)
    assert found == list(range(100))
    assert offset["s"].shards["a"].sequence == sequence(99)
    assert offset["s"].shards["a"].records == 100 % 7


def test_small_limit_starves_no_shard(make_planner: MakePlanner, clock: Clock) -> None:
    client = FakeKinesis(a=FakeShard(50), b=FakeShard(50))
    planner = make_planner(client)
    offset: Offset = planner.latest({}, 1)
    for _ in range(20):
        clock.sleep(1)  # both may be read again
        offset = planner.latest(offset, 1)
    read = {shard: position.sequence for shard, position in offset["s"].shards.items()}
    assert read == {"a": sequence(9), "b": sequence(9)}


def test_empty_pages_do_not_end_the_reading(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(20))
    client.empty_pages = 3
    planner = make_planner(client)
    planner.set_target()
    assert drain(planner, {}, limit=6)[0] == list(range(20))


def test_first_record_of_a_shard_is_not_repeated(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(1))
    found, offset = drain(make_planner(client), {})
    client.shards["a"].records = 3
    assert (found, drain(make_planner(client), offset)[0]) == ([0], [1, 2])


def test_child_is_read_after_its_parent_in_a_batch_of_its_own(make_planner: MakePlanner) -> None:
    client = FakeKinesis(
        a=FakeShard(10, closed=True), b=FakeShard(10), c=FakeShard(3, parents=("a", "b")), d=FakeShard(4)
    )
    planner = make_planner(client)
    found, offset = drain(planner, {})
    assert sorted(found) == sorted([*range(10), *range(10), *range(4)])  # c waits for b
    client.shards["b"].closed = True
    found, offset = drain(planner, offset)
    assert found == [0, 1, 2]
    assert {shard for shard, position in offset["s"].shards.items() if position.closed} == {"a", "b"}
    del client.shards["a"], client.shards["b"]
    client.shards["d"].records += 1
    planner.watch.look()
    found, offset = drain(planner, offset)
    assert found == [4]
    assert offset["s"].shards.keys() == {"c", "d"}


def test_shard_is_left_only_when_its_children_are_known(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5, closed=True))
    planner = make_planner(client)
    found, offset = drain(planner, {})
    assert (found, offset["s"].shards["a"].closed) == ([0, 1, 2, 3, 4], False)
    client.shards["b"] = FakeShard(2, parents=("a",))
    found, offset = drain(planner, offset)
    assert (found, offset["s"].shards["a"].closed) == ([0, 1], True)


def test_latest_starts_at_the_time_of_the_first_batch(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5))
    before = int(time.time() * 1000)
    offset = make_planner(client, initialPosition="latest").latest({}, None)
    assert before <= offset["s"].start <= int(time.time() * 1000)
    found, _ = drain(make_planner(client), offset)
    assert found == []  # the five are of long ago
    assert client.calls[-1] == "AT_TIMESTAMP"


def test_target_leaves_later_records_to_another_run(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(100))
    planner = make_planner(client)
    planner.set_target()
    planner.target = round((BEGIN + timedelta(seconds=41)).timestamp() * 1000)
    found, offset = drain(planner, {}, limit=10)
    assert found == list(range(42))
    assert drain(make_planner(client), offset)[0] == list(range(42, 100))


def test_whole_shard_up_to_a_time() -> None:
    client = FakeKinesis(a=FakeShard(100))
    client.empty_pages = 2
    part = ShardPartition(ShardOrigin("s", "a", 0), round((BEGIN + timedelta(seconds=41)).timestamp() * 1000))
    batches = list(part.batches(client, options(maxRecordsPerFetch="9")))  # type: ignore[arg-type]
    assert [int(each) for batch in batches for each in batch["data"].to_pylist()] == list(range(42))


def test_small_shards_share_a_task() -> None:
    def taken(*sizes: int) -> Taken:
        return Taken(batches=[pa.record_batch({"number": range(size)}) for size in sizes])

    shards = [taken(3), taken(), taken(4, 5), taken(20), taken(1), taken(2)]
    tasks = in_tasks({ShardOrigin("s", f"{number}", 0): shard for number, shard in enumerate(shards)}, 10)
    assert [[batch.num_rows for batch in task] for task in tasks] == [[3, 4, 5], [20], [1, 2]]
