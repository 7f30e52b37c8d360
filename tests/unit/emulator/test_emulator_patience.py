"""A server that is away is asked again until it answers, patience ends, or the run is stopped."""

import threading
from itertools import count
from threading import Event

import pytest

from emulator.patience import Patience


class Server:
    """Away for the first questions, then there."""

    def __init__(self, away: int) -> None:
        self.asked = count(1)
        self.away = away

    def question(self) -> int:
        number = next(self.asked)
        if number <= self.away:
            raise ConnectionError(f"refused {number}")
        return number


AWAY = (ConnectionError,)


def test_a_server_is_asked_until_it_answers_and_that_is_said_once() -> None:
    said: list[str] = []
    assert Patience(60, Event(), said.append).ask("MySQL", Server(3).question, AWAY) == 4
    assert said == ["Waiting up to 60 s for MySQL, which `make up` starts: refused 1"]


def test_a_server_that_answers_at_once_is_not_waited_for() -> None:
    said: list[str] = []
    assert Patience(0, Event(), said.append).ask("MySQL", Server(0).question, AWAY) == 1
    assert said == []


@pytest.mark.parametrize("seconds", [0, 0.5])
def test_at_the_end_of_patience_the_servers_own_error_is_raised(seconds: float) -> None:
    with pytest.raises(ConnectionError, match="refused"):
        Patience(seconds, Event(), lambda _: None).ask("MySQL", Server(10**9).question, AWAY)


def test_a_stop_ends_the_wait() -> None:
    stop = Event()
    threading.Timer(0.2, stop.set).start()
    with pytest.raises(ConnectionError):
        Patience(3600, stop, lambda _: None).ask("MySQL", Server(10**9).question, AWAY)


class Clock(Event):
    """The event that stops a run; it keeps the waits that it was asked for, and ends each of them at once."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.waits: list[float] = []
        self.most = most

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0)
        if len(self.waits) == self.most:
            self.set()
        return self.is_set()


def test_the_waits_are_at_random_longer_each_time_and_five_seconds_at_most() -> None:
    stop = Clock(most=200)
    with pytest.raises(ConnectionError):
        Patience(3600, stop, lambda _: None).ask("MySQL", Server(10**9).question, AWAY)
    bounds = [min(5, 0.2 * 2**number) for number in range(200)]
    assert all(0 <= wait <= bound for wait, bound in zip(stop.waits, bounds, strict=True))
    assert max(stop.waits) > 4.5  # in 195 draws up to 5
    assert len(set(stop.waits)) > 100


def test_another_error_is_not_waited_for() -> None:
    server = Server(1)
    with pytest.raises(ConnectionError):
        Patience(60, Event(), lambda _: None).ask("MySQL", server.question, (TimeoutError,))
    assert next(server.asked) == 2
