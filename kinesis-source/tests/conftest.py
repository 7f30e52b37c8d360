"""A clock that does not wait, and planners that read a Kinesis of lists."""

from collections.abc import Iterator

import pytest
from kinesis_fake import FakeKinesis, options
from micro_batches import Clock, MakePlanner
from pyspark_kinesis_source import planner as planner_module
from pyspark_kinesis_source.planner import Planner


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Waiting takes no time, but is written down.

    For the source alone: Spark's own threads in this process, which wait in loops, would spin.
    """
    fast = Clock()
    for module in ("ahead", "client", "cursor", "partitions", "prefetch", "watch"):
        monkeypatch.setattr(f"pyspark_kinesis_source.{module}.time", fast)
    return fast


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
