"""The stack's script, with a stand-in for the engine's client that notes what it is asked."""

import os
import subprocess
from pathlib import Path

import pytest

from services.common.settings import ROOT

# Compose prints the services in any order. Those that follow the first one here are more than a pipe holds, so that
# who prints them notices a reader that has left.
DOCKER = """#!/usr/bin/env bash
echo "$*" >> "$NOTES"
case "$*" in
*'config --services') echo "$CHOSEN" && seq --format 'service-%.0f' 20000 ;;
*services.containers.show*) cat > /dev/null ;;
esac
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return tmp_path / "notes"


def _up(notes: Path, chosen: str) -> subprocess.CompletedProcess[str]:
    """`up` with three workers, where .env chooses this service and others."""
    environment = {**os.environ, "PATH": f"{notes.parent}:{os.environ['PATH']}", "NOTES": str(notes)}
    return subprocess.run(
        [ROOT / "services/containers/stack", "up", "--workers", "3"],
        env={**environment, "CHOSEN": chosen},
        capture_output=True,
        text=True,
        check=False,
    )


def test_workers_of_a_chosen_service_are_asked_for(notes: Path) -> None:
    done = _up(notes, "spark-worker")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--scale spark-worker=3" in notes.read_text()


def test_workers_of_a_service_that_is_left_out_are_refused(notes: Path) -> None:
    done = _up(notes, "kafka")
    assert done.returncode == 2
    assert "COMPOSE_PROFILES in .env leaves spark-worker out" in done.stdout
    assert "--scale" not in notes.read_text()
