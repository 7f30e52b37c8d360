"""The real servers as child processes of a test."""

import os
import shlex
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest

from common.settings import Settings
from stack.kafka.tools import BRIEF_JVM
from stack.local import isolated
from stack.local.install import mysql_problem
from stack.local.isolated import ServiceProcess


def launch_server(stack: ExitStack, settings: Settings, name: str) -> ServiceProcess:
    """Start a server as `stack.local.isolated` does; skip the test on a machine that the server is not made for.

    Its JVM, where it has one, does without the optimizing compiler: no server of a test lives long.
    """
    if name == "mysql" and (problem := mysql_problem()):
        pytest.skip(problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(_brief_java(settings.state_dir / "brief")), prepend=os.pathsep)
        return isolated.launch_server(stack, settings, name)


def _brief_java(folder: Path) -> Path:
    """Write a `java` that is the one of the PATH with these options, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / "java"
    java = shlex.join([shutil.which("java") or "java", *BRIEF_JVM])
    program.write_text(f'#!/bin/sh\nexec {java} "$@"\n')
    program.chmod(0o755)
    return folder
