"""`make streamed` gives a writer that is silent for a moment time, and says what keeps one from its work."""

import threading
from pathlib import Path

import pytest

from common.settings import Settings
from common.state_file import StateFile
from operations.streamed import wait_for_writer
from stack.local.isolated import make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def _write(settings: Settings, problem: str | None) -> None:
    StateFile(settings.state_dir, "streaming-writer").write(lambda: {"problem": problem})


def test_a_writer_that_is_well_is_not_waited_for(settings: Settings) -> None:
    _write(settings, None)
    wait_for_writer(settings, patience=0)


def test_one_that_is_silent_for_a_moment_is_waited_for(settings: Settings) -> None:
    timer = threading.Timer(0.2, _write, [settings, None])
    timer.start()
    # It is asked every half second; 20 times that.
    wait_for_writer(settings, patience=10)
    timer.join()


@pytest.mark.parametrize("problem", [None, "speed has failed three times"])
def test_one_that_stays_unwell_is_named_with_its_problem(settings: Settings, problem: str | None) -> None:
    if problem:
        _write(settings, problem)
    said = f"the streaming writer is not well: {problem or 'it has not written its state yet'}"
    with pytest.raises(TimeoutError, match=said):
        wait_for_writer(settings, patience=0)
