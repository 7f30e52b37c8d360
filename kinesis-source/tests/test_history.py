"""Spark's protocol over random histories of crashes, errors and resharding."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from kinesis_fake import FakeKinesis, FakeShard, error, options
from micro_batches import MakePlanner
from pyspark_kinesis_source.offsets import Offset, from_json, to_json
from pyspark_kinesis_source.partitions import PrefetchedPartition
from pyspark_kinesis_source.ranges import RangePartition

# A record of 20 kB each second; tasks read where more than 60 kB wait, 4 s of it at once.
WIDTH = 20_000
BY_TASKS = {"fetchBufferSize": "60kb", "maxFetchRate": "2", "maxFetchDuration": "200ms"}


def test_any_history_of_crashes_errors_and_resharding(make_planner: MakePlanner) -> None:
    """Spark's protocol, with a new planner at random moments: every record once, parents before children."""
    ranges = 0
    for seed in range(40):
        chance = random.Random(seed)  # noqa: S311 - repeatable histories
        client = FakeKinesis(a=FakeShard(30, width=WIDTH), b=FakeShard(width=WIDTH))
        client.begin, client.behind = datetime.now(UTC) - timedelta(hours=2), 1000
        client.empty_pages = chance.choice([0, 0, 2])
        client.failures = _failures(chance)
        given = BY_TASKS | {"maxRecordsPerFetch": str(chance.choice([2, 5, 100]))}
        planner, found = make_planner(client, **given), list[tuple[str, int]]()
        offset: Offset = {}
        for _ in range(40):
            _live(client, chance)
            if chance.random() < 0.2:
                planner = make_planner(client, **given)
            end = planner.latest(offset, chance.choice([1, 7, None]))
            parts = planner.partitions(offset, end)
            ranges += sum(len(part.ranges) for part in parts if isinstance(part, RangePartition))
            first = _rows(client, parts, given)
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
    assert ranges > 100


def _failures(chance: random.Random) -> Iterator[Exception | None]:
    """No generator, which several threads could not share."""
    codes = ["ProvisionedThroughputExceededException", "ExpiredIteratorException", "InternalFailure"]
    return iter(lambda: error(chance.choice(codes)) if chance.random() < 0.15 else None, object())


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
            client.shards[f"s{len(client.shards)}"] = FakeShard(parents=parents, width=WIDTH)


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
