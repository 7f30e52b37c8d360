"""Commands that need the stack say that it is not up, in a line, and what starts it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from common.settings import ROOT
from stack.local.isolated import make_settings


@pytest.mark.parametrize(
    ("module", "named"),
    [
        ("services.s3_sink.catch_up", "`make up`"),
        ("operations.verify", "`make up`"),
        ("operations.streamed", "`make up`"),
        ("operations.psql", "`make up`"),
        ("operations.query", "`make up`"),
    ],
)
def test_it_is_said_at_once(module: str, named: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module],
        cwd=ROOT,
        env=os.environ | make_settings(tmp_path).environment() | {"COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=60,  # Kafka's client takes 5 s to give up; a start takes 2 s, more on a busy machine
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == 1
    assert named in said
    assert "refused" in said or "no broker at 127.0.0.1" in said
    # Libraries' own lines aside, it is a message of one or two.
    assert len(said.splitlines()) <= 6, said
