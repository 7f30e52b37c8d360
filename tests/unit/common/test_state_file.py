"""Test that a service's state is that of its process alone, and only for seconds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from common.settings import ROOT
from common.state_file import StateFile, problem_in
from common.wait import wait_until
from stack.local import launch
from stack.local.isolated import make_settings


def test_a_service_that_says_nothing_is_not_well(tmp_path: Path) -> None:
    assert problem_in(tmp_path, "a") == "it has not written its state yet"


@pytest.mark.parametrize("problem", [None, "S3 is gone"])
def test_it_is_as_well_as_it_says(tmp_path: Path, problem: str | None) -> None:
    StateFile(tmp_path, "a").write(lambda: {"problem": problem})
    assert problem_in(tmp_path, "a") == problem


def test_what_it_said_long_ago_is_no_news(tmp_path: Path) -> None:
    path = tmp_path / "run" / "a.json"
    StateFile(tmp_path, "a").write(lambda: {"problem": None})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"written_at": time.time() - 60}))
    assert problem_in(tmp_path, "a") == "it has not written its state for 60 s"


def test_what_it_said_before_the_clock_was_set_back_is_no_news(tmp_path: Path) -> None:
    path = tmp_path / "run" / "a.json"
    StateFile(tmp_path, "a").write(lambda: {"problem": None})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"written_at": time.time() + 3600}))
    assert problem_in(tmp_path, "a") == "it has not written its state since the clock was set back"


def test_what_an_earlier_process_said_is_no_news(tmp_path: Path) -> None:
    StateFile(tmp_path, "a").write(lambda: {"problem": None})
    StateFile(tmp_path, "a")
    assert problem_in(tmp_path, "a") == "it has not written its state yet"


PROGRAM = """
import sys, signal
from pathlib import Path
from common.state_file import StateFile
signal.signal(signal.SIGTERM, lambda *_: sys.exit())
StateFile(Path(sys.argv[1]), "a").write(lambda: {"problem": None})
signal.pause()
"""


@pytest.mark.parametrize(("number", "left"), [(signal.SIGTERM, False), (signal.SIGKILL, True)])
def test_a_process_that_ends_leaves_nothing_unless_it_is_killed(
    tmp_path: Path, number: signal.Signals, left: bool
) -> None:
    process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT)
    wait_until(
        lambda: problem_in(tmp_path, "a") is None, timeout=30, what="the process to say that it is well"
    )
    process.send_signal(number)
    process.wait(30)
    assert (tmp_path / "run" / "a.json").exists() is left


@pytest.mark.parametrize("service", ["provision", "s3-sink", "streaming-writer"])
def test_before_a_service_waits_for_others_what_a_killed_process_said_is_gone(
    service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    StateFile(tmp_path, service).write(lambda: {"problem": None})
    said: list[str | None] = []
    monkeypatch.setattr(launch, "load_settings", lambda: settings)
    monkeypatch.setattr(launch, "wait_for", lambda *_: said.append(problem_in(tmp_path, service)))
    monkeypatch.setattr(os, "execve", lambda *_: None)
    launch.main(service)
    assert said == ["it has not written its state yet"]
