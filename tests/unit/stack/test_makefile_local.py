"""Test what the Makefile does in local mode, on a machine whose Python and uv are stand-ins."""

import os
from pathlib import Path

import pytest

from tests.unit.fake_docker import Host

# Both note what they are asked to do; Python's answer is whether .env chooses the profile.
PYTHON = """#!/usr/bin/env bash
echo "python $*" >> "$NOTES"
case $* in *'stack.local.profile notebook') [ -n "$NOTEBOOK_CHOSEN" ] ;; esac
"""
UV = """#!/usr/bin/env bash
echo "uv $*" >> "$NOTES"
"""
INSTALLS = "-r requirements/notebook.txt"


@pytest.fixture
def machine(tmp_path: Path) -> Host:
    """A checkout in which all but JupyterLab is installed."""
    host = Host(tmp_path)
    folders = [host.checkout / name for name in (".venv/bin", ".venv/stamps", "requirements")]
    for folder in folders:
        folder.mkdir(parents=True)
    programs, stamps, requirements = folders
    for name in ("bootstrap", "runtime", "notebook"):
        (requirements / f"{name}.txt").touch()
        os.utime(requirements / f"{name}.txt", (0, 0))
    for second, name in enumerate(("venv", "runtime", "kinesis-source"), start=1):
        (stamps / name).touch()
        os.utime(stamps / name, (second, second))
    for name, text in (("python", PYTHON), ("uv", UV)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    return host


@pytest.mark.parametrize("command", ["setup", "up", "demo", "stream"])
def test_jupyterlab_is_installed_where_its_profile_is_chosen(machine: Host, command: str) -> None:
    done = machine.run("make", command, MODE="local", NOTEBOOK_CHOSEN="yes")
    assert done.returncode == 0, done.stdout
    installed, _, started = machine.notes().partition(INSTALLS)
    assert started or command == "setup", machine.notes()
    assert "stack.local.setup" in installed
    assert "stack.local up" not in installed
    again = machine.notes().count(INSTALLS)
    assert machine.run("make", command, MODE="local", NOTEBOOK_CHOSEN="yes").returncode == 0
    assert machine.notes().count(INSTALLS) == again == 1


@pytest.mark.parametrize("command", ["setup", "up", "demo", "stream"])
def test_jupyterlab_is_left_out_where_its_profile_is_not_chosen(machine: Host, command: str) -> None:
    done = machine.run("make", command, MODE="local", NOTEBOOK_CHOSEN="")
    assert done.returncode == 0, done.stdout
    assert "stack.local.setup" in machine.notes()
    assert INSTALLS not in machine.notes()


def test_a_failed_installation_of_jupyterlab_ends_the_command(machine: Host) -> None:
    (machine.checkout / ".venv" / "bin" / "uv").write_text(UV + "false\n")
    done = machine.run("make", "up", MODE="local", NOTEBOOK_CHOSEN="yes")
    assert done.returncode
    assert "stack.local up" not in machine.notes()
