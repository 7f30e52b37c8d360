"""Test what CI prints of its time, and that printing it changes no result."""

import os
import subprocess
from pathlib import Path

import pytest

PHASES = Path(__file__).parents[3] / ".ci/phases"


def run(commands: str) -> subprocess.CompletedProcess[str]:
    """Run commands between the phases' beginning and end, as .ci/run does."""
    script = f"set -euo pipefail; source {PHASES}; trap end_phases EXIT; {commands}"
    env = {name: value for name, value in os.environ.items() if name != "CI_NOTES"}
    return subprocess.run(
        ["bash", "-c", script], env=env, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("commands", "status"), [("true", 0), ("phase broken false", 1), ("phase lint exit 7", 7)]
)
def test_the_result_is_that_of_the_phases_however_many_tests_ran(commands: str, status: int) -> None:
    noted = 'seq --format="%5g s  tests/of_a_long_name_that_fills_a_pipe.py" 5000 > "$CI_NOTES/tests"; '
    ran = run(noted + commands)
    assert ran.returncode == status, ran.stderr
    slowest = [line for line in ran.stdout.splitlines() if "fills_a_pipe" in line]
    assert [int(line.split()[0]) for line in slowest] == list(range(5000, 4960, -1))


def test_each_phase_is_told_with_its_seconds() -> None:
    ran = run("phase lint true; phase tests true")
    assert [line.split()[-1] for line in ran.stdout.splitlines() if " s  from second " in line] == [
        "lint",
        "tests",
    ]
