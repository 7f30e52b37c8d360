"""What a killed LocalStack leaves of its Kinesis does not keep the next one from starting."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.localstack.kinesis_state import recover


def serve(root: Path) -> subprocess.Popen[bytes]:
    """A process that looks like the Kinesis of a root folder."""
    script = root / "var/lib/localstack/lib/kinesis-local/0.4.13/node_modules/kinesis-local/main.js"
    script.parent.mkdir(parents=True)
    script.write_text("import time\nprint('up', flush=True)\ntime.sleep(60)\n")
    process = subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline() == b"up\n"
    return process


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    servers = {name: serve(tmp_path / name) for name in ("ours", "ours-too")}
    yield servers
    for process in servers.values():
        process.kill()
        process.communicate()


def test_its_server_is_ended_and_nobody_elses(
    servers: dict[str, subprocess.Popen[bytes]], tmp_path: Path
) -> None:
    recover(tmp_path / "ours")
    assert servers["ours"].poll() is not None
    assert servers["ours-too"].poll() is None


@pytest.mark.parametrize(
    ("content", "kept"), [('{"streams": {}}', True), ('{"streams": {"a', False), ("", False)]
)
def test_half_a_file_is_set_aside(content: str, kept: bool, tmp_path: Path) -> None:
    file = tmp_path / "var/lib/localstack/state/kinesis/000000000000.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    recover(tmp_path)
    assert file.exists() is kept
    assert kept or file.with_suffix(".broken").read_text() == content
