"""The whole stack, as a user starts it: by the commands of the Makefile."""

import os
import subprocess
from collections.abc import Iterator

import pytest

from services.common.settings import ROOT, Settings
from services.local.account import remove_server_home
from tests.processes import make_settings

# `make demo` takes 100 s on two idle cores; a busy machine may need four times that.
MAKE_SECONDS = 400


class Make:
    """Runs targets of the Makefile for one stack."""

    def __init__(self, settings: Settings) -> None:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        self.environment = {**kept, **settings.environment(), "COLUMNS": "160"}

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """`make <words>`, whatever its status."""
        return subprocess.run(
            ["make", *words],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=MAKE_SECONDS,
            check=False,
        )

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
def make(stack: Settings) -> Iterator[Make]:
    """The Makefile's commands; the stack is taken down at the end."""
    make = Make(stack)
    yield make
    make.run("clean", "FORCE=1")
    remove_server_home(stack)


@pytest.fixture(scope="session")
def demo(make: Make) -> str:
    """What `make demo` prints."""
    return make("demo")
