"""The benchmark of six hours compares each process with itself, and has no aim for what is to hold more and more."""

import os
from pathlib import Path

import pytest

from bench.drill.accounts import Account
from bench.six_hours import delivered, grown, held
from stack.local import supervision
from stack.local.isolated import make_settings


@pytest.mark.parametrize(("end", "met"), [(109.0, True), (111.0, False)])
def test_the_last_tenth_is_compared_with_the_second(end: float, met: bool) -> None:
    start, early, middle, late = [50.0] * 10, [100.0] * 10, [300.0] * 70, [end] * 10
    row, *others = grown({"kafka": [*start, *early, *middle, *late]})
    assert (row.value, row.baseline) == (end, 100.0)
    assert row.met is met
    assert [(other.baseline, other.met) for other in others] == ([] if met else [(300.0, True)])


def test_what_holds_the_records_is_to_grow() -> None:
    rows = grown({"localstack": [1.0, 9.0], "rest-proxy": [1.0, 9.0], "postgres": [1.0]})
    assert [(row.what.partition(":")[0], row.met) for row in rows] == [
        ("memory of localstack, which has S3 in memory", None),
        ("memory of postgres, up to 192 MB of it rows of its tables", None),
        ("memory of rest-proxy", False),
        ("memory of rest-proxy", True),
    ]


def test_a_record_that_was_not_acknowledged_fails() -> None:
    found = [Account("batch", "pin", 10, 0, 0), Account("stream", "pin", 9, 0, 1)]
    rate, acknowledged, lost, twice = delivered(10, 5.0, found)
    assert rate.value == 2
    assert (acknowledged.value, acknowledged.baseline, acknowledged.met) == (19, 20, False)
    assert (lost.met, twice.met) == (True, False)


def test_a_service_holds_what_its_processes_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    running = supervision.ProcessState("RUNNING", 0, os.getpid(), "")
    ended = supervision.ProcessState("EXITED", 0, 0, "")
    monkeypatch.setattr(supervision, "states", lambda _: {"kafka": running, "airflow-init": ended})
    sizes = held(make_settings(tmp_path))
    assert list(sizes) == ["kafka"]
    assert sizes["kafka"] > 10 * 1024**2
