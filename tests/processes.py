"""The real servers as child processes of a test."""

from contextlib import ExitStack

import pytest

from common.settings import Settings
from stack.local import isolated
from stack.local.install import mysql_problem
from stack.local.isolated import ServiceProcess


def launch_server(stack: ExitStack, settings: Settings, name: str) -> ServiceProcess:
    """Start a server as `stack.local.isolated` does; skip the test on a machine that the server is not made for."""
    if name == "mysql" and (problem := mysql_problem()):
        pytest.skip(problem)
    return isolated.launch_server(stack, settings, name)
