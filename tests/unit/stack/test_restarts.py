"""Restarts in local mode, read from what supervisord logs (4.3's own texts)."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from stack.local.restarts import read
from stack.status.restarts import Restarts, lines

LOG = """\
2026-01-02 02:00:00,001 INFO supervisord started with pid 1
2026-01-02 02:00:01,001 INFO spawned: 'mysql' with pid 2
2026-01-02 02:00:02,001 WARN exited: mysql (terminated by SIGKILL; not expected)
2026-01-02 02:00:03,001 INFO spawned: 'mysql' with pid 3
2026-01-02 03:00:00,001 INFO supervisord started with pid 10
2026-01-02 03:00:01,001 INFO spawned: 'kafka' with pid 11
2026-01-02 03:00:01,002 INFO spawned: 's3-sink' with pid 12
2026-01-02 03:00:01,003 INFO spawned: 'mysql' with pid 13
2026-01-02 03:00:01,004 INFO spawned: 'rest-proxy' with pid 14
2026-01-02 03:00:22,001 INFO success: kafka entered RUNNING state, process has stayed up for > than 20 seconds
2026-01-02 03:01:00,001 WARN exited: kafka (terminated by SIGKILL; not expected)
2026-01-02 03:01:01,001 INFO spawned: 'kafka' with pid 15
2026-01-02 03:02:00,001 INFO exited: kafka (exit status 0; expected)
2026-01-02 03:02:01,001 INFO spawned: 'kafka' with pid 16
2026-01-02 03:03:00,001 WARN exited: kafka (exit status 3; not expected)
2026-01-02 03:03:01,001 INFO spawned: 'kafka' with pid 17
2026-01-02 03:04:00,001 INFO waiting for s3-sink to stop
2026-01-02 03:04:01,001 WARN stopped: s3-sink (terminated by SIGTERM)
2026-01-02 03:04:02,001 INFO spawned: 's3-sink' with pid 18
2026-01-02 03:05:00,001 WARN exited: rest-proxy (terminated by SIGKILL; not expected)
2026-01-02 03:05:01,001 INFO spawned: 'rest-proxy' with pid 19
2026-01-02 03:06:00,001 INFO stopped: mysql (exit status 0)
"""


@pytest.fixture(params=["UTC", "Asia/Tokyo"])
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The hours that the machine's clock is ahead of UTC."""
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield 0 if request.param == "UTC" else 9
    monkeypatch.undo()
    time.tzset()


def test_what_was_started_again_since_the_stack_came_up(machine: int) -> None:
    found = read(LOG)
    assert found.keys() == {"kafka", "s3-sink", "rest-proxy"}  # mysql was before, or is only stopped
    day, hour = (2, 3) if machine == 0 else (1, 18)
    assert str(found["kafka"]) == (
        f"restarted 3 times, last at 2026-01-{day:02} {hour:02}:03:01 UTC:"
        " it ended by itself (exit status 3); supervisord started it again"
    )
    assert "killed (SIGKILL)" in str(found["rest-proxy"])
    assert "restarted once, at" in str(found["rest-proxy"])
    assert "by `make restart`" in str(found["s3-sink"])


def test_where_nothing_was_started_again_there_is_nothing_to_say() -> None:
    assert read("") == {}
    assert read(LOG.split("2026-01-02 03:01:00", maxsplit=1)[0]) == {}


def test_what_nobody_has_counted_has_no_number() -> None:
    said = str(Restarts(None, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "by `make restart`"))
    assert said == "restarted at 2026-01-02 03:04:05 UTC: by `make restart`"


def _restarted(*names: str, how: str = "stopped: {} (terminated by SIGTERM)", log: str = LOG) -> str:
    """Return the log with a restart of each service at its end."""
    end = "".join(
        f"2026-01-02 04:00:0{second},001 WARN {how.format(name)}\n"
        f"2026-01-02 04:00:0{second},501 INFO spawned: '{name}' with pid {20 + second}\n"
        for second, name in enumerate(names)
    )
    return log + end


def test_deliberate_restarts_share_a_line_and_each_other_has_its_own(machine: int) -> None:
    shown = lines(read(_restarted("s3-sink", "dashboard", "mysql")))
    kafka, proxy, rest = shown
    assert kafka.startswith("kafka: restarted 3 times, last at ")
    assert proxy.startswith("rest-proxy: restarted once, at ")
    day, hour = (2, 4) if machine == 0 else (1, 19)
    assert rest == (
        "restarted by `make restart`, or by `make up` after a setting changed,"
        f" last at 2026-01-{day:02} {hour:02}:00:02 UTC: s3-sink (2 times), dashboard, mysql"
    ), shown


def test_a_single_deliberate_restart_is_named_with_its_service() -> None:
    assert any(line.startswith("s3-sink: restarted once, at ") for line in lines(read(LOG)))


def test_a_deliberate_restart_hides_none_that_happened_by_itself() -> None:
    before, after = read(LOG)["kafka"], read(_restarted("kafka"))["kafka"]
    assert after == before


def test_a_restart_by_itself_counts_after_deliberate_ones() -> None:
    found = read(_restarted("s3-sink", how="exited: {} (exit status 3; not expected)"))["s3-sink"]
    assert str(found).startswith("restarted once, at ")
    assert "it ended by itself (exit status 3)" in str(found)
