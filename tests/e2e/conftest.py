"""The whole stack, as a user starts it: by the commands of the Makefile."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.common.settings import ROOT, Settings
from services.local.account import remove_server_home
from tests.processes import make_settings

# `make demo` takes 220 s on two cores that are shared with another suite; twice that.
MAKE_SECONDS = 440
# The first test waits for it, and some call make three times, for a minute each.
TEST_SECONDS = 640


class Make:
    """Runs targets of the Makefile for one stack."""

    def __init__(self, settings: Settings, log: Path) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        self.environment = {**kept, **settings.environment(), "COLUMNS": "160", "MODE": "local"}
        self.log = log

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`make <words>`, whatever its status; what it printed is its `stdout`."""
        with self.log.open("w") as log:
            try:
                status = subprocess.run(
                    ["make", *words],
                    cwd=ROOT,
                    env=self.environment,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    timeout=MAKE_SECONDS,
                    check=False,
                ).returncode
            except subprocess.TimeoutExpired as error:
                raise TimeoutError(f"{error}\n{self.log.read_text()}") from None
        return subprocess.CompletedProcess(words, status, stdout=self.log.read_text())

    def __call__(self, *words: str) -> str:
        """`make <words>`, which must succeed; returns what it printed."""
        result = self.run(*words)
        assert result.returncode == 0, result.stdout
        return result.stdout


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A stack of its own: its own state folder, ports, secrets and names."""
    return make_settings(tmp_path_factory.mktemp("e2e"))


@pytest.fixture(scope="session")
def make(stack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Make]:
    """The Makefile's commands; the stack is taken down at the end."""
    make = Make(stack, tmp_path_factory.mktemp("make") / "output")
    yield make
    make.run("clean", "FORCE=1")
    remove_server_home(stack)


@pytest.fixture(scope="session")
def demo(make: Make) -> str:
    """What `make demo` prints."""
    return make("demo")
