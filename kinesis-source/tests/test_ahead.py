"""Test shards that are far behind: tasks read them up to a record that was looked up, and every record once."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from kinesis_fake import FakeKinesis, FakeShard, error, options, sequence
from micro_batches import MakePlanner, numbers
from pyspark_kinesis_source.errors import DataLossError
from pyspark_kinesis_source.offsets import Offset, from_json, to_json
from pyspark_kinesis_source.partitions import PrefetchedPartition
from pyspark_kinesis_source.planner import Planner
from pyspark_kinesis_source.ranges import RangePartition

Parts = Iterable[PrefetchedPartition | RangePartition]

# A record of 100 kB each second: the driver reads 5 of them, 500 kB that came in 4 s. Then a task is given 1 MB, which
# is 8 s of that; with what a record needs beside its data, 7 whole ones.
WIDTH = 100_000
GIVEN = {
    "fetchBufferSize": "1mb",
    "maxFetchRate": "2",
    "maxFetchDuration": "500ms",
    "maxRecordsPerFetch": "5",
}


def make_client(*, hours_ago: float = 2, **shards: int) -> Any:  # noqa: ANN401 - a fake
    """Shards with so many records, the first of them so long ago."""
    client = FakeKinesis(**{name: FakeShard(records, width=WIDTH) for name, records in shards.items()})
    client.begin = (datetime.now(UTC) - timedelta(hours=hours_ago)).replace(microsecond=0)
    client.behind = 1000
    return client


def read(client: Any, parts: Parts, **given: str) -> dict[str, list[int]]:  # noqa: ANN401 - a fake
    """The records of each shard."""
    found: dict[str, list[int]] = {}
    for part in parts:
        batches = (
            part.batches(client, options(**GIVEN, **given))
            if isinstance(part, RangePartition)
            else part.batches()
        )
        for batch in batches:
            for row in batch.to_pylist():
                found.setdefault(row["shardId"], []).append(int(row["data"]))
    return found


def ranges(parts: Parts) -> dict[str, tuple[str | None, str | None]]:
    """The last record before each shard's range, and its last one."""
    return {
        each.origin.shard: (each.start.sequence, each.end.sequence)
        for part in parts
        if isinstance(part, RangePartition)
        for each in part.ranges
    }


def until_behind(planner: Planner) -> Offset:
    """The end of the micro-batch that the driver reads first; it holds the records 0 to 4 of each shard."""
    return planner.latest(planner.latest({}, None), None)


def test_tasks_read_up_to_a_record_that_is_looked_up(make_planner: MakePlanner) -> None:
    client = make_client(a=100)
    planner = make_planner(client, **GIVEN)
    start = until_behind(planner)
    end = planner.latest(start, None)
    first = planner.partitions(start, end)
    assert ranges(first) == {"a": (sequence(4), sequence(11))}
    assert read(client, first) == {"a": [5, 6, 7, 8, 9, 10, 11]}
    following = planner.latest(end, None)
    assert read(client, planner.partitions(end, following)) == {"a": [12, 13, 14, 15, 16, 17, 18]}
    again = make_planner(client, **GIVEN).partitions(from_json(to_json(start)), from_json(to_json(end)))
    assert read(client, again) == read(client, first)


def test_everything_is_read_once_and_in_order(make_planner: MakePlanner) -> None:
    client = make_client(a=300, b=40, c=1, d=120)
    client.empty_pages = 1
    planner = make_planner(client, **GIVEN, shardsPerTask="2")
    planner.set_target()
    found: dict[str, list[int]] = {}
    offset, by_tasks = planner.latest({}, None), 0
    while (end := planner.latest(offset, None)) != offset:
        parts = planner.partitions(offset, end)
        by_tasks += len(ranges(parts))
        assert all(len(part.ranges) <= 2 for part in parts if isinstance(part, RangePartition))
        for shard, values in read(client, parts).items():
            found.setdefault(shard, []).extend(values)
        offset = end
    assert found == {name: list(range(shard.records)) for name, shard in client.shards.items()}
    assert by_tasks > 30


def test_the_driver_reads_what_fits_its_buffer(make_planner: MakePlanner) -> None:
    """Seven records are left; they came in 7 s, which is 875 kB."""
    client = make_client(a=12)
    planner = make_planner(client, **GIVEN)
    start = until_behind(planner)
    parts = planner.partitions(start, planner.latest(start, None))
    assert (ranges(parts), numbers(parts)) == ({}, [5, 6, 7, 8, 9])


def test_the_end_is_looked_up_where_no_more_records_came(make_planner: MakePlanner) -> None:
    """Ten minutes later a record would be 80 s ahead, for which 10 MB are wanted; the newest is 17 s ahead."""
    client = make_client(a=22)
    planner = make_planner(client, **GIVEN | {"maxFetchDuration": "5s"})
    start = until_behind(planner)
    planner.watch.views["s"] = replace(planner.watch.views["s"], skew=600_000)
    parts = planner.partitions(start, planner.latest(start, None))
    assert ranges(parts) == {"a": (sequence(4), sequence(20))}


def test_a_limit_of_records_is_kept_to_by_the_driver(make_planner: MakePlanner) -> None:
    client = make_client(a=100)
    planner = make_planner(client, **GIVEN)
    start = until_behind(planner)
    parts = planner.partitions(start, planner.latest(start, 3))
    assert (ranges(parts), len(numbers(parts))) == ({}, 3)


def test_no_range_passes_the_target(make_planner: MakePlanner) -> None:
    client = make_client(a=100)
    planner = make_planner(client, **GIVEN)
    planner.set_target()
    planner.target = round((client.begin + timedelta(seconds=33)).timestamp() * 1000)
    offset, found = planner.latest({}, None), list[int]()
    while (end := planner.latest(offset, None)) != offset:
        found += read(client, planner.partitions(offset, end))["a"]
        offset = end
    assert found == list(range(34))


@pytest.mark.parametrize("hours_ago", [23.9, 30])
def test_what_is_about_to_expire_is_left_to_the_driver(make_planner: MakePlanner, hours_ago: float) -> None:
    """It reads at once; a task may begin when the record is gone that proves the range."""
    client = make_client(a=100, hours_ago=hours_ago)
    planner = make_planner(client, **GIVEN)
    start = until_behind(planner)
    assert ranges(planner.partitions(start, planner.latest(start, None))) == {}


@pytest.mark.parametrize("code", ["ProvisionedThroughputExceededException", "ResourceNotFoundException"])
def test_a_shard_that_cannot_be_looked_up_is_left_to_the_driver(make_planner: MakePlanner, code: str) -> None:
    client = make_client(a=100)
    planner = make_planner(client, **GIVEN)
    start = until_behind(planner)
    client.failures = iter([error(code)] * (5 if code.startswith("Provisioned") else 1))
    end = planner.latest(start, None)
    assert ranges(planner.partitions(start, end)) == {}
    parts = planner.partitions(end, planner.latest(end, None))
    assert ranges(parts).keys() == {"a"}


def open_range(make_planner: MakePlanner, client: Any) -> Parts:  # noqa: ANN401 - a fake
    """The tasks of a micro-batch that reads the records 5 to 11 from Kinesis."""
    planner = make_planner(client, **GIVEN)
    start = until_behind(planner)
    parts = planner.partitions(start, planner.latest(start, None))
    assert ranges(parts) == {"a": (sequence(4), sequence(11))}
    return parts


def test_throttled_task_waits_and_expired_iterator_is_renewed(make_planner: MakePlanner) -> None:
    client = make_client(a=100)
    parts = open_range(make_planner, client)
    client.failures = iter([error("ThrottlingException"), None, error("ExpiredIteratorException")])
    assert read(client, parts) == {"a": [5, 6, 7, 8, 9, 10, 11]}


@pytest.mark.parametrize(("expired", "left"), [(4, 5), (5, 5), (8, 8), (12, 12), (50, 12)], ids=str)
def test_range_is_lost_unless_the_record_before_it_is_there(
    make_planner: MakePlanner, caplog: pytest.LogCaptureFixture, expired: int, left: int
) -> None:
    client = make_client(a=100)
    parts = open_range(make_planner, client)
    client.shards["a"].expired = expired
    if expired > 4:
        with pytest.raises(
            DataLossError, match=rf"shard a: records between {sequence(4)} and {sequence(11)}"
        ):
            read(client, parts)
    found = read(client, parts, failOnDataLoss="false")
    assert found.get("a", []) == list(range(left, 12))
    assert ("may be gone" in caplog.text) is (expired > 4)


def test_shard_that_is_gone_is_an_error_in_the_task(make_planner: MakePlanner) -> None:
    client = make_client(a=100)
    parts = open_range(make_planner, client)
    client.failures = iter([error("ResourceNotFoundException")] * 3)
    with pytest.raises(DataLossError, match="shard a: records between"):
        read(client, parts)
    assert read(client, parts, failOnDataLoss="false") == {}
