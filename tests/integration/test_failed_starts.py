"""A service that cannot start is started again for ever by the real supervisord, and tells so while one waits."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.settings import Settings
from common.wait import wait_until
from stack.local import supervision
from stack.local.compose import load
from stack.local.failed_starts import FailedStarts
from stack.local.isolated import make_settings

NAME = "provision"
# Five starts with 1 to 4 s between them take 10 s; ten times that on a busy machine.
SECONDS = 100


@pytest.fixture
def remedy(tmp_path: Path) -> Path:
    """The file without which the service's program ends at once."""
    return tmp_path / "remedy"


@pytest.fixture
def stack(tmp_path: Path, remedy: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The settings of a supervisord with one service."""
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\n[ -e '{remedy}' ] && exec sleep 1000\nexit 1\n")
    program.chmod(0o700)
    settings = make_settings(tmp_path / "state")
    written = supervision.configuration
    monkeypatch.setattr(
        supervision, "configuration", lambda *of: written(*of).replace(sys.executable, str(program))
    )
    supervision.start(settings, [load(settings)[NAME]])
    yield settings
    supervision.shutdown(settings)


def wait_for_failed_starts(stack: Settings) -> None:
    """Wait until `make up` would wait no longer."""
    ends = FailedStarts(supervision.states(stack))

    def has_failed() -> bool:
        ends.look(supervision.states(stack))
        return ends.enough(NAME)

    assert not has_failed()
    wait_until(has_failed, timeout=SECONDS, what="the service to have ended often enough")


def test_a_service_that_can_start_late_does_so_by_itself(stack: Settings, remedy: Path) -> None:
    wait_for_failed_starts(stack)
    remedy.touch()
    wait_until(lambda: supervision.states(stack)[NAME].pid, timeout=SECONDS, what="the next start")


def test_a_service_that_waits_for_its_next_start_is_started_when_asked(stack: Settings, remedy: Path) -> None:
    wait_for_failed_starts(stack)
    wait_until(lambda: supervision.states(stack)[NAME].name == "BACKOFF", timeout=SECONDS, what="its end")
    remedy.touch()
    supervision.start_service(stack, NAME)
    assert supervision.states(stack)[NAME].pid
