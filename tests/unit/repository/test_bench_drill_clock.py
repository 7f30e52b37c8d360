"""A drill's clock moves the time of day of the programs that load it, ahead and back, and nothing else of theirs."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench.drill import __main__ as drill
from bench.drill import clock
from common.environment import DRILL_CLOCK, composed
from common.settings import ROOT

# Half a second to compile, another for a Python to start and wait; a hundred times that on a busy machine.
_SECONDS = 120


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if problem := clock.problem():
        pytest.skip(problem)
    return clock.compiled(tmp_path_factory.mktemp("clock"))


@pytest.fixture
def stepped(library: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The library of a clock that has not been moved yet."""
    monkeypatch.setenv(DRILL_CLOCK, str(library))
    clock._seconds_of(library).write_bytes(bytes(8))  # noqa: SLF001
    return library


def _said(program: str) -> list[str]:
    """Return the words that a Python prints which has the library."""
    words = [sys.executable, "-c", program]
    variables, pipe = composed(os.environ), subprocess.PIPE
    done = subprocess.run(
        words, cwd=ROOT, env=variables, stdout=pipe, text=True, check=True, timeout=_SECONDS
    )
    return done.stdout.split()


@pytest.mark.usefixtures("stepped")
@pytest.mark.parametrize(("steps", "moved"), [([], 0), ([3600], 3600), ([3600, -3600, -3600], -3600)])
def test_the_time_of_day_moves_and_the_machines_does_not(steps: list[int], moved: int) -> None:
    for seconds in steps:
        clock.step(seconds)
    day, machine = time.time(), time.monotonic()
    said = _said(
        "import ctypes, time; seconds = ctypes.CDLL(None).time(None);"
        "print(time.time(), seconds, time.clock_gettime(time.CLOCK_REALTIME), time.monotonic())"
    )
    found = [float(word) for word in said]
    assert [each - day for each in found[:3]] == [pytest.approx(moved, abs=_SECONDS)] * 3
    assert found[3] - machine == pytest.approx(0, abs=_SECONDS)


# Each waits in C until it is an hour later, or says that it was woken (0) and waits again.
_WAITS = {
    "sem_timedwait": "libc.sem_timedwait(place, deadline) and ctypes.get_errno()",
    "pthread_cond_timedwait": "libc.pthread_cond_timedwait(place, mutex, deadline)",
    "cnd_timedwait": "4 == libc.cnd_timedwait(place, mutex, deadline) and errno.ETIMEDOUT",
    "pthread_mutex_timedlock": "libc.pthread_mutex_timedlock(mutex, deadline)",
}
_WAITING = """
import ctypes, errno, threading, time
from bench.drill.clock import step
libc = ctypes.CDLL(None, use_errno=True)
place, mutex = ctypes.create_string_buffer(64), ctypes.create_string_buffer(64)
libc.pthread_mutex_lock(mutex)
deadline = (ctypes.c_long * 2)(int(time.time()) + 3600, 0)
threading.Timer(0.5, step, [3600]).start()
while (status := {wait}) == 0:
    pass
print(status == errno.ETIMEDOUT)
"""


@pytest.mark.usefixtures("stepped")
@pytest.mark.parametrize("name", _WAITS)
def test_who_waits_for_a_time_of_day_has_it_when_the_clock_shows_it(name: str) -> None:
    """Else it would wait for an hour, beyond this test's bound."""
    assert _said(_WAITING.format(wait=_WAITS[name])) == ["True"]


_POLLING = """
import threading
from confluent_kafka import Consumer
from bench.drill.clock import step
from common.set_back import end_when_set_back
end_when_set_back("s3-sink")
consumer = Consumer({"group.id": "clock"})
threading.Timer(1.5, step, [-3600]).start()
while True:
    consumer.poll(0.5)
"""


@pytest.mark.usefixtures("stepped")
def test_a_consumer_that_would_wait_for_an_hour_ends_with_a_line_that_says_why() -> None:
    done = subprocess.run(
        [sys.executable, "-c", _POLLING],
        cwd=ROOT,
        env=composed(os.environ),
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    assert done.returncode == 1
    assert "the clock was set back" in done.stdout + done.stderr


def test_without_a_compiler_a_sentence_names_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    problem = clock.problem()
    assert problem
    assert "apt-get install gcc" in problem
    monkeypatch.setattr(drill, "mysql_problem", lambda: None)
    with pytest.raises(SystemExit, match="no C compiler"):
        drill.main(kinds="kill step")
