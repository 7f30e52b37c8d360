"""The endurance benchmark groups waits by the minute in which they began, and compares the last with the first."""

import json
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import urllib3

from bench import endurance
from bench.endurance import Load, by_minute, ended, held, limits, of_containers, slowed
from bench.streaming import Watch
from stack.local.isolated import make_settings


def test_a_batch_waits_from_when_it_was_due_until_all_of_it_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bodies, numbers = [], count()

    def answer(_: object, _method: str, _url: str, **given: Any) -> urllib3.HTTPResponse:  # noqa: ANN401 - its options
        records = json.loads(given["body"])["records"]
        bodies.append(records)
        busy = {"ErrorCode": "InternalFailure", "ErrorMessage": "busy"}
        put = {"SequenceNumber": "1"} if next(numbers) else busy
        return urllib3.HTTPResponse(json.dumps({"Records": [put] * len(records)}).encode(), status=200)

    monkeypatch.setattr(urllib3.PoolManager, "request", answer)
    monkeypatch.setattr(endurance, "invoke_url", lambda _: "http://gateway")
    load, watch = Load(make_settings(tmp_path), after=6), Watch()
    load.run(rate=4, seconds=1.0, watch=watch)
    load.finish()
    assert [len(body) for body in bodies] == [2] * 7  # two for each of three streams, one of them sent again
    assert len(load.waits) == 6
    assert all(seconds > 0 for _, seconds in load.waits)
    assert list(watch.sent) == [(0, 7), (0, 8), (0, 9), (0, 10)]
    assert len(set(watch.sent.values())) == 2


def test_a_wait_belongs_to_the_minute_in_which_it_began() -> None:
    assert by_minute([(130.0, 9.0), (10.0, 1.0), (69.9, 2.0), (70.0, 3.0)]) == [[1.0, 2.0], [3.0], [9.0]]


@pytest.mark.parametrize(("last", "met"), [(1.4, True), (1.6, False)])
def test_the_last_minute_is_compared_with_the_first(last: float, met: bool) -> None:
    waits = [(second, 1.0 if second < 60 else 5.0 if second < 120 else last) for second in range(180)]
    *minutes, compared = slowed("served", [(float(began), seconds) for began, seconds in waits])
    assert [row.value for row in minutes] == pytest.approx([1.0, 5.0, last])
    assert compared.ratio == pytest.approx(last)
    assert compared.met is met


def test_memory_is_compared_with_the_limit_and_with_the_first_minute() -> None:
    fullest, other, *growth = held({"kafka": [100.0] * 12 + [200.0] * 12, "mysql": [144.0] * 24})
    assert (fullest.what.partition(":")[0], fullest.baseline) == ("mysql", limits()["mysql"])
    assert (other.value, other.ratio) == (200.0, 200.0 / limits()["kafka"])
    assert [row.ratio for row in growth] == [2.0, 1.0]


class Kept:
    """A container that holds so much, a part of it cached files; nothing once it has ended."""

    def __init__(self, service: str, usage: int | None) -> None:
        self.labels = {"com.docker.compose.service": service}
        self._usage = usage

    def stats(self, **_: bool) -> dict[str, Any]:
        """Answer as the engine does."""
        files = {"active_file": 3 * 1024**2, "inactive_file": 1024**2}
        return {"memory_stats": {"usage": self._usage, "limit": 2**30, "stats": files} if self._usage else {}}


def test_in_containers_the_engine_tells_memory_and_ends() -> None:
    kept = [Kept("kafka", 504 * 1024**2), Kept("tools", None)]
    oom = {"Action": "oom", "Actor": {"Attributes": {"name": "stack-kafka-1"}}}
    engine: Any = SimpleNamespace(
        containers=SimpleNamespace(list=lambda **_: kept), events=lambda **_: iter([oom])
    )
    assert of_containers(engine, "stack") == {"kafka": 500.0}
    assert (ended(engine, "stack", 0.0).value, ended(engine, "stack", 0.0).met) == (1, False)
