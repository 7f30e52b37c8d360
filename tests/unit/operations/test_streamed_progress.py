"""`make streamed` waits as long as records are served, says how far that is, and gives up where it stands still."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest

from common import progress
from common.settings import Settings
from common.terminal import make_console
from operations import streamed
from stack.local.isolated import make_settings
from tests.clock import Clock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


Wait = Callable[[Callable[[], int]], list[str]]


@pytest.fixture
def wait(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Wait:
    """Waits for 3,000 records of each of two streams, all those of geo and so many of pin served; what is printed."""
    pin, geo = settings.stream("pin"), settings.stream("geo")

    def run(served: Callable[[], int]) -> list[str]:
        def committed(_: Settings) -> dict[streamed.Shard, int]:
            return {(pin, "0"): 2 * served(), (geo, "0"): 9_999}

        monkeypatch.setattr(streamed, "committed", committed)
        console = make_console(file=io.StringIO(), width=200)
        assert isinstance(console.file, io.StringIO)
        wanted = {(pin, "0"): [2 * number for number in range(1, 3_001)], (geo, "0"): [*range(3_000)]}
        streamed.wait_for_serving(settings, wanted, console)
        return console.file.getvalue().splitlines()

    return run


def test_records_up_to_the_committed_number_are_served() -> None:
    wanted = {("pin", "a"): [3, 5, 8], ("pin", "b"): [1], ("geo", "a"): [], ("user", "a"): [7]}
    committed = {("pin", "a"): 5, ("user", "a"): 7}
    assert streamed.unserved(wanted, committed) == {"pin": 2, "geo": 0, "user": 0}


def test_a_slow_writer_is_waited_for_as_long_as_it_serves(
    wait: Wait, clock: Clock, settings: Settings
) -> None:
    first, *told = wait(lambda: int(5 * clock.now))
    assert clock.now > 590
    assert first == "Waiting for the streaming writer to serve what is in the streams ..."
    assert len(told) in range(55, 61)
    assert told[0].startswith("3,0")
    assert told[0].endswith(f" {settings.stream('pin')}) ...")
    assert all(" of 6,000 records are served (left: " in line for line in told)


def test_a_writer_that_stands_still_is_given_up(wait: Wait, clock: Clock) -> None:
    with pytest.raises(
        TimeoutError, match=r"180 s without progress: 3,500 of 6,000 records are served \(left: 2,500 "
    ):
        wait(lambda: min(500, int(5 * clock.now)))
    assert 100 + 179 < clock.now < 100 + 182


def test_where_all_is_served_nothing_is_waited_for(wait: Wait, clock: Clock) -> None:
    assert len(wait(lambda: 3_000)) == 1
    assert clock.now == 0
