"""Test the environment of each process of the running stack: nothing of the caller's shell, its own secrets alone.

That everything works from a hostile shell is what all tests here show: they call make from one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import psutil
import pytest

from common.settings import Settings
from stack.local import compose, supervision
from tests.e2e.conftest import TEST_SECONDS
from tests.hostile import NOWHERE
from tests.make import Make
from tests.secret_search import GENERATED

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]


def _environments(stack: Settings) -> Iterator[tuple[str, str]]:
    """A service's name and the environment of one of its processes, children and theirs included."""
    for name, state in supervision.states(stack).items():
        if state.pid:
            root = psutil.Process(state.pid)
            for process in (root, *root.children(recursive=True)):
                yield name, _environment(process.pid)


def _environment(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/environ").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):  # it has ended since
        return ""


def test_no_process_has_a_secret_that_is_not_its_services_own(stack: Settings) -> None:
    values = {name: value for name, value in stack.environment().items() if name in GENERATED}
    given = {
        name: _within(values, service.environment.values()) for name, service in compose.load(stack).items()
    }
    found = list(_environments(stack))
    assert {"kafka", "postgres", "streaming-writer", "airflow-scheduler"} <= {name for name, _ in found}
    for service, text in found:
        assert _within(values, [text]) <= given[service], service


def _within(secrets: Mapping[str, str], texts: Iterable[str]) -> set[str]:
    """Return which secrets are in one of the texts: Kafka is given its clients' passwords within longer values."""
    return {name for text in texts for name, value in secrets.items() if value in text}


def test_supervisord_has_none(stack: Settings) -> None:
    text = _environment(supervision.server(stack).getPID())
    assert "PATH=" in text
    assert [name for name in stack.environment() if f"{name}=" in text.split("\0")] == []
    assert [value for name, value in stack.environment().items() if name in GENERATED and value in text] == []


def test_nothing_of_the_hostile_shell_has_come_in(stack: Settings) -> None:
    for service, text in _environments(stack):
        foreign = [
            line for line in text.split("\0") if NOWHERE in line or "tr_TR" in line or "-Xmx1k" in line
        ]
        assert foreign == [], service


@pytest.mark.parametrize("name", supervision.STATE_FOLDERS)
def test_folders_are_this_accounts_alone(stack: Settings, name: str) -> None:
    assert (stack.state_dir / name).stat().st_mode & 0o777 == 0o700


def test_files_that_others_could_reach_are_this_accounts_alone(stack: Settings) -> None:
    for file in (*stack.state_dir.glob("logs/*.log"), stack.state_dir / "run" / "settings.json"):
        assert file.stat().st_mode & 0o077 == 0, file


def test_a_setting_of_the_shell_holds_for_a_running_stack(make: Make, stack: Settings) -> None:
    make.environment["S3_SINK_FLUSH_RECORDS"] = "4321"
    try:
        make("up")
        running = dict(_environments(stack))
        assert re.search(r"S3_SINK_FLUSH_RECORDS=4321\0", running["s3-sink"])
    finally:
        del make.environment["S3_SINK_FLUSH_RECORDS"]
        make("up")
