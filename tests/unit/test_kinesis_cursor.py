"""Reading shards of the Kinesis source, over errors, empty pages and expiry."""

import random
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from spark_jobs.sources.kinesis import planner as planner_module
from spark_jobs.sources.kinesis.cursor import Place, ShardCursor
from spark_jobs.sources.kinesis.errors import DataLossError
from spark_jobs.sources.kinesis.lag import measure_lag
from spark_jobs.sources.kinesis.offsets import Offset, Position, from_json, to_json
from spark_jobs.sources.kinesis.partitions import PrefetchedPartition, RangePartition, ShardPartition
from spark_jobs.sources.kinesis.planner import Planner
from spark_jobs.sources.kinesis.prefetch import Taken, in_tasks
from spark_jobs.sources.kinesis.streams import clock_skew
from tests.unit.kinesis_fake import BEGIN, FakeKinesis, FakeShard, error, options, sequence

MakePlanner = Callable[..., Planner]

PLACE = Place("s", "a", 0)


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Waiting takes no time, but is written down."""
    waited: list[float] = []
    passed = [0.0]

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        passed[0] += seconds

    real = time.monotonic
    monkeypatch.setattr(time, "sleep", sleep)
    monkeypatch.setattr(time, "monotonic", lambda: real() + passed[0])
    return waited


@pytest.fixture
def make_planner(monkeypatch: pytest.MonkeyPatch) -> Iterator[MakePlanner]:
    made: list[Planner] = []

    def make(client: FakeKinesis, **given: str) -> Planner:
        monkeypatch.setattr(planner_module, "make_client", lambda _options: client)
        made.append(Planner(options(**given)))
        return made[-1]

    yield make
    for planner in made:
        planner.close()


def numbers(parts: Iterable[PrefetchedPartition | RangePartition]) -> list[int]:
    given = [part for part in parts if isinstance(part, PrefetchedPartition)]
    return [int(data) for part in given for batch in part.batches() for data in batch["data"].to_pylist()]


def drain(planner: Planner, offset: Offset, limit: int | None = None) -> tuple[list[int], Offset]:
    """Micro-batches until there are no more; the offsets pass through JSON, as Spark does it."""
    found: list[int] = []
    while True:
        end = planner.latest(offset, limit)
        if end == offset:
            return found, offset
        parts = planner.partitions(from_json(to_json(offset)), from_json(to_json(end)))
        assert all(isinstance(part, PrefetchedPartition) for part in parts)
        found += numbers(parts)
        offset = end


def recent() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def test_reads_everything_in_limited_batches(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(100))
    planner = make_planner(client)
    found, offset = drain(planner, {}, limit=7)
    assert found == list(range(100))
    assert offset["s"].shards["a"].sequence == sequence(99)
    assert offset["s"].shards["a"].records == 100 % 7


def test_small_limit_starves_no_shard(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(50), b=FakeShard(50))
    planner = make_planner(client)
    offset: Offset = planner.latest({}, 1)
    for _ in range(20):
        time.sleep(1)  # both may be read again
        offset = planner.latest(offset, 1)
    read = {shard: position.sequence for shard, position in offset["s"].shards.items()}
    assert read == {"a": sequence(9), "b": sequence(9)}


def test_empty_pages_do_not_end_the_reading(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(20))
    client.empty_pages = 3
    planner = make_planner(client)
    planner.set_target()
    assert drain(planner, {}, limit=6)[0] == list(range(20))


@pytest.mark.parametrize(
    "code", ["ProvisionedThroughputExceededException", "LimitExceededException", "InternalFailure"]
)
def test_throttling_is_waited_out_with_growing_delays(
    make_planner: MakePlanner, clock: list[float], code: str
) -> None:
    client = FakeKinesis(a=FakeShard(20))
    client.failures = iter([None, error(code), error(code), error(code), None])
    planner = make_planner(client, maxRecordsPerFetch="5")
    planner.set_target()
    assert drain(planner, {})[0] == list(range(20))
    assert sum(clock) > 0.2 + 0.4 + 0.8


def test_other_shards_go_on_while_one_is_throttled(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5))
    planner = make_planner(client)
    start = planner.latest({}, None)
    cursor = ShardCursor(client, planner.options, PLACE, Position(read_to=0))  # type: ignore[arg-type]
    client.failures = iter([error("ProvisionedThroughputExceededException")])
    assert cursor.fetch(10) is None
    assert cursor.due > time.monotonic()
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


def test_reads_keep_to_five_a_second_and_to_the_rate() -> None:
    client = FakeKinesis(a=FakeShard(100_000))
    cursor = ShardCursor(client, options(maxFetchRate="0.00001"), PLACE, Position(read_to=0))  # type: ignore[arg-type]
    before = time.monotonic()
    cursor.fetch(1)
    assert cursor.due - before == pytest.approx(0.2, abs=0.1)
    cursor.fetch(100)  # 190 bytes at 10 a second
    assert cursor.due - before == pytest.approx(19, abs=1)


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


def test_range_that_has_expired_is_an_error_or_counted(
    make_planner: MakePlanner, caplog: pytest.LogCaptureFixture
) -> None:
    client = FakeKinesis(a=FakeShard(50))
    start = make_planner(client).latest({}, None)
    end = make_planner(client).latest(start, 30)
    (part,) = make_planner(client).partitions(start, end)
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


def test_small_shards_share_a_task() -> None:
    def taken(*sizes: int) -> Taken:
        return Taken(batches=[pa.record_batch({"number": range(size)}) for size in sizes])

    shards = [taken(3), taken(), taken(4, 5), taken(20), taken(1), taken(2)]
    tasks = in_tasks({Place("s", f"{number}", 0): shard for number, shard in enumerate(shards)}, 10)
    assert [[batch.num_rows for batch in task] for task in tasks] == [[3, 4, 5], [20], [1, 2]]


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


def test_shard_is_left_only_when_its_children_are_known(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5, closed=True))
    planner = make_planner(client)
    found, offset = drain(planner, {})
    assert (found, offset["s"].shards["a"].closed) == ([0, 1, 2, 3, 4], False)
    client.shards["b"] = FakeShard(2, parents=("a",))
    found, offset = drain(planner, offset)
    assert (found, offset["s"].shards["a"].closed) == ([0, 1], True)


def test_shard_that_expired_unread(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(5), b=FakeShard(5))
    offset = drain(make_planner(client), {})[1]
    del client.shards["b"]
    client.shards["c"] = FakeShard(3, parents=("b",))
    with pytest.raises(DataLossError, match="no more the shards b"):
        make_planner(client).latest(offset, None)
    assert drain(make_planner(client, failOnDataLoss="false"), offset)[0] == [0, 1, 2]


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
    part = ShardPartition(Place("s", "a", 0), round((BEGIN + timedelta(seconds=41)).timestamp() * 1000))
    batches = list(part.batches(client, options(maxRecordsPerFetch="9")))  # type: ignore[arg-type]
    assert [int(each) for batch in batches for each in batch["data"].to_pylist()] == list(range(42))


@pytest.mark.parametrize(("ahead", "skewed"), [(0, False), (-1, False), (-10, True), (30, True)])
def test_clock_of_the_server_wins_if_it_differs(ahead: float, skewed: bool) -> None:
    date = datetime.fromtimestamp(time.time() + ahead, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    answer: Any = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    assert (abs(clock_skew(answer)) > 5000) is skewed


def test_first_record_of_a_shard_is_not_repeated(make_planner: MakePlanner) -> None:
    client = FakeKinesis(a=FakeShard(1))
    found, offset = drain(make_planner(client), {})
    client.shards["a"].records = 3
    assert (found, drain(make_planner(client), offset)[0]) == ([0], [1, 2])


def test_lag_counts_what_follows_the_offset(make_planner: MakePlanner) -> None:
    client: Any = FakeKinesis(a=FakeShard(30), b=FakeShard(5))
    start = make_planner(client).latest({}, None)
    end = make_planner(client).latest(start, 20)  # fifteen of a, five of b
    found = {lag.shard: lag.records for lag in measure_lag(client, to_json(end))}
    assert found == {"a": 15, "b": 0}
    assert [lag.records for lag in measure_lag(client, to_json(end), limit=7)] == [7, 0]
    client.failures = iter([error("ResourceNotFoundException")])
    with pytest.raises(DataLossError, match="stream s, shard a"):
        measure_lag(client, to_json(end))


def test_any_history_of_crashes_errors_and_resharding(make_planner: MakePlanner) -> None:
    """Spark's protocol, with a new planner at random moments: every record once, parents before children."""
    for seed in range(30):
        chance = random.Random(seed)  # noqa: S311 - repeatable histories
        client = FakeKinesis(a=FakeShard(3), b=FakeShard())
        client.empty_pages = chance.choice([0, 0, 2])
        client.failures = _failures(chance)
        given = {"maxRecordsPerFetch": str(chance.choice([2, 5, 100]))}
        planner, offset, found = make_planner(client, **given), {}, list[tuple[str, int]]()
        for _ in range(40):
            _live(client, chance)
            if chance.random() < 0.2:
                planner = make_planner(client, **given)
            end = planner.latest(offset, chance.choice([1, 7, None]))
            first = _rows(client, planner.partitions(offset, end), given)
            if chance.random() < 0.3:  # Spark has logged the end, and starts again
                planner = make_planner(client, **given)
                again = planner.partitions(from_json(to_json(offset)), from_json(to_json(end)))
                assert sorted(_rows(client, again, given)) == sorted(first)
            found += first
            offset = end
        planner.set_target()
        while (end := planner.latest(offset, None)) != offset:
            found += _rows(client, planner.partitions(offset, end), given)
            offset = end
        _check_complete_and_in_order(client, found)


def _failures(chance: random.Random) -> Iterator[Exception | None]:
    codes = ["ProvisionedThroughputExceededException", "ExpiredIteratorException", "InternalFailure"]
    while True:
        yield error(chance.choice(codes)) if chance.random() < 0.15 else None


def _live(client: FakeKinesis, chance: random.Random) -> None:
    """Records come, and now and then shards split or merge."""
    leaves = [name for name, shard in client.shards.items() if not shard.closed]
    for name in leaves:
        client.shards[name].records += chance.choice([0, 0, 1, 6])
    if chance.random() < 0.15:
        parents = tuple(chance.sample(leaves, chance.choice([1, min(2, len(leaves))])))
        for name in parents:
            client.shards[name].closed = True
        for _ in range(2 if len(parents) == 1 else 1):
            client.shards[f"s{len(client.shards)}"] = FakeShard(parents=parents)


def _rows(client: Any, parts: Any, given: dict[str, str]) -> list[tuple[str, int]]:  # noqa: ANN401 - fakes
    found = []
    for part in parts:
        prefetched = isinstance(part, PrefetchedPartition)
        for batch in part.batches() if prefetched else part.batches(client, options(**given)):
            found += [(row["shardId"], int(row["data"])) for row in batch.to_pylist()]
    return found


def _check_complete_and_in_order(client: FakeKinesis, found: list[tuple[str, int]]) -> None:
    place = {row: number for number, row in enumerate(found)}
    wanted = {(name, number) for name, shard in client.shards.items() for number in range(shard.records)}
    assert len(place) == len(found)
    assert place.keys() == wanted
    for name, shard in client.shards.items():
        places = [place[name, number] for number in range(shard.records)]
        assert places == sorted(places)
        for parent in shard.parents:
            last = client.shards[parent].records - 1
            assert not places or last < 0 or place[parent, last] < places[0]
