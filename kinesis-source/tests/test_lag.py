"""Test how far a query is behind, and whose clock says so."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest
from kinesis_fake import FakeKinesis, FakeShard, error
from micro_batches import MakePlanner
from pyspark_kinesis_source.errors import DataLossError
from pyspark_kinesis_source.lag import measure_lag
from pyspark_kinesis_source.offsets import to_json
from pyspark_kinesis_source.streams import clock_skew


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


@pytest.mark.parametrize(("ahead", "skewed"), [(0, False), (-1, False), (-10, True), (30, True)])
def test_clock_of_the_server_wins_if_it_differs(ahead: float, skewed: bool) -> None:
    date = datetime.fromtimestamp(time.time() + ahead, UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    answer: Any = {"ResponseMetadata": {"HTTPHeaders": {"date": date}}}
    assert (abs(clock_skew(answer)) > 5000) is skewed
