"""The Kinesis of a killed LocalStack is ended before the next one starts."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack.localstack.orphans import end_orphans


def serve(root: Path) -> subprocess.Popen[bytes]:
    """A process that looks like the Kinesis of a root folder."""
    script = root / "usr/lib/localstack/kinesis-local/0.4.13/node_modules/kinesis-local/main.js"
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
    end_orphans(tmp_path / "ours")
    assert servers["ours"].poll() is not None
    assert servers["ours-too"].poll() is None
