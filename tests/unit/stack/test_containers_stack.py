"""The stack's script, with a stand-in for the engine's client that notes what it is asked."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from common.settings import ROOT

STACK = ROOT / "stack" / "containers" / "stack"
# Compose prints the services in any order. Those that follow the first one here are more than a pipe holds, so that
# who prints them notices a reader that has left.
DOCKER = r"""#!/usr/bin/env bash
echo "$*" >> "$NOTES"
case "$*" in
'compose version --short') echo 2.40.3 ;;
'info --format '*) echo 1 ;;
*'config --services') echo "$CHOSEN" && seq --format 'service-%.0f' 20000 ;;
*stack.containers.show*) cat > "$NOTES.shown" ;;
'compose ps --quiet') echo "$RUNNING" ;;
'compose ps --format {{.Name}}') echo "$RUNNING" ;;
inspect*) echo '{"RestartCount": 1}' ;;
events*) echo '{"Action": "die"}' ;;
'exec busy '*) exit 1 ;;
exec*) shift 2 && "$@" ;;
*stack.containers.env) cat > /dev/null && echo 'KAFKA_CLUSTER_ID=new' ;;
*' logs '*) printf 'kafka | a record: \033[2J \007 \302\233 é\\n\n\ttab\n' ;;
*'compose config') echo 'name: pipeline' ;;
*'kafka-data:/kafka-data:ro provision find '*) echo "$HELD" ;;
esac
"""


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    docker = tmp_path / "docker"
    docker.write_text(DOCKER)
    docker.chmod(0o755)
    return tmp_path / "notes"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The script in a checkout without a .env."""
    script = tmp_path / "checkout" / "stack" / "containers" / "stack"
    script.parent.mkdir(parents=True)
    shutil.copy2(STACK, script)
    shutil.copy2(STACK.with_name("checks"), script.parent)
    shutil.copy2(ROOT / "docker-compose.yml", tmp_path / "checkout")
    return script


def _stack(
    notes: Path, *words: str, chosen: str = "", held: str = "", running: str = "", script: Path = STACK
) -> subprocess.CompletedProcess[str]:
    """Return what the script does where .env chooses this service and others, and Kafka's volume holds this file."""
    environment = {**os.environ, "PATH": f"{notes.parent}:{os.environ['PATH']}", "NOTES": str(notes)}
    return subprocess.run(
        [script, *words],
        env={**environment, "CHOSEN": chosen, "HELD": held, "RUNNING": running},
        capture_output=True,
        text=True,
        check=False,
    )


def test_workers_of_a_chosen_service_are_asked_for(notes: Path) -> None:
    done = _stack(notes, "up", "--workers", "3", chosen="spark-worker")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "--scale spark-worker=3" in notes.read_text()


def test_workers_of_a_service_that_is_left_out_are_refused(notes: Path) -> None:
    done = _stack(notes, "up", "--workers", "3", chosen="kafka")
    assert done.returncode == 2
    assert "COMPOSE_PROFILES in .env leaves spark-worker out" in done.stdout
    assert "--scale" not in notes.read_text()


def test_status_asks_how_containers_ended_and_what_was_killed_in_them(notes: Path) -> None:
    """Here the containers' shell is this machine's; one of them is just being restarted and cannot be asked."""
    done = _stack(notes, "status", running="pipeline-kafka-1\nbusy")
    assert done.returncode == 0, done.stderr
    shown = notes.with_name(f"{notes.name}.shown").read_text()
    assert '{"RestartCount": 1}\n{"Action": "die"}\n' in shown
    assert re.search(r'^{"Name":"pipeline-kafka-1","Killed":\d+}$', shown, re.M)
    assert "busy" not in shown
    asked = notes.read_text()
    assert re.search(r"^inspect --format .* pipeline-kafka-1 busy$", asked, re.M)
    assert "events --since 24h --until 0s" in asked


def test_where_nothing_runs_nobody_is_asked_how_it_ended(notes: Path) -> None:
    assert _stack(notes, "up").returncode == 0
    assert "inspect" not in notes.read_text()


def test_data_made_with_other_secrets_are_refused_before_new_ones_are_written(
    notes: Path, copied: Path
) -> None:
    done = _stack(notes, "setup", held="/kafka-data/meta.properties", script=copied)
    assert done.returncode == 1
    assert "of this Compose project, pipeline, were made with other secrets" in done.stderr
    assert not (copied.parents[2] / ".env").exists()


def test_a_volume_without_data_is_no_reason_to_refuse(notes: Path, copied: Path) -> None:
    done = _stack(notes, "setup", script=copied)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "KAFKA_CLUSTER_ID=new" in (copied.parents[2] / ".env").read_text()


def test_log_lines_are_shown_visibly(notes: Path) -> None:
    done = _stack(notes, "logs", "--service", "kafka", chosen="kafka")
    assert (done.returncode, done.stdout) == (0, "kafka | a record: \\x1b[2J \\x07 \\x9b é\\n\n\ttab\n")
