"""Test that a source is read when somebody looks, by one at a time, and that a failure is a reading too."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import Any

import pytest

from dashboard.reading import SILENCE_SECONDS, Shared


class Clock:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class AtOnce(Executor):
    """Runs what is submitted in the caller's thread."""

    def submit(self, work: Callable[..., Any], /, *_: object, **__: object) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work())
        return done


class Source:
    """Counts how often it is read; fails where it is told to, and takes as long as it is told."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.times = 0
        self.failure: Exception | None = None
        self.takes = 0.0

    def __call__(self) -> int:
        self.times += 1
        self.clock.now += self.takes
        if self.failure:
            raise self.failure
        return self.times


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source(clock: Clock) -> Source:
    return Source(clock)


@pytest.fixture
def shared(source: Source, clock: Clock) -> Shared[int]:
    return Shared(source, period=2.0, pool=AtOnce(), clock=clock)


def test_nothing_is_read_before_somebody_looks(source: Source, shared: Shared[int]) -> None:
    assert source.times == 0
    assert shared.latest().value == 1


def test_ten_looks_within_the_period_cost_one_reading(
    source: Source, shared: Shared[int], clock: Clock
) -> None:
    for _ in range(10):
        clock.now += 0.1
        shared.latest()
    assert source.times == 1
    clock.now += 2.0
    assert shared.latest().value == 2


def test_a_failure_keeps_the_last_value_and_says_why(
    source: Source, shared: Shared[int], clock: Clock
) -> None:
    shared.latest()
    source.failure, clock.now = ConnectionError("refused\n"), clock.now + 2.0
    failed = shared.latest()
    assert (failed.value, failed.problem, failed.at) == (1, "refused", 100.0)
    source.failure, clock.now = None, clock.now + 2.0
    assert (shared.latest().value, shared.latest().problem) == (3, None)


def test_a_failure_without_words_is_named_by_its_kind(source: Source, shared: Shared[int]) -> None:
    source.failure = TimeoutError()
    assert shared.latest().problem == "TimeoutError"


def test_a_reading_of_none_was_taken() -> None:
    shared = Shared(lambda: None, 2.0, AtOnce())
    assert shared.latest().was_taken


def test_a_slow_source_rests_nine_times_as_long(source: Source, shared: Shared[int], clock: Clock) -> None:
    source.takes = 3.0
    shared.latest()
    clock.now += 26.0
    shared.latest()
    assert source.times == 1
    clock.now += 1.5
    shared.latest()
    assert source.times == 2


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor() as pool:
        yield pool


def test_a_source_that_hangs_delays_no_page_and_is_named(pool: ThreadPoolExecutor, clock: Clock) -> None:
    let_go = threading.Event()
    shared = Shared(let_go.wait, 2.0, pool, clock)
    try:
        first = shared.latest()
        clock.now += SILENCE_SECONDS + 1
        second = shared.latest(patience=1.0)
    finally:
        let_go.set()
    assert (first.value, first.problem) == (None, None)
    assert second.problem == "no answer for 7 s"


def test_the_first_look_waits_for_the_first_reading(pool: ThreadPoolExecutor) -> None:
    began = threading.Event()

    def read() -> int:
        began.wait()
        return 7

    shared = Shared(read, 2.0, pool)
    assert shared.latest().value is None
    began.set()
    assert shared.latest(patience=60.0).value == 7
