"""The whole stack in containers, as a new user starts it: a copy of the checkout, and `make` in it."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from common.settings import ROOT, VARIABLES, Settings, read_settings
from stack.local.compose import COMPOSE_FILE, interpolate
from stack.local.isolated import free_port
from tests.hostile import hostile_shell
from tests.make import Make
from tests.secret_search import GENERATED

# `make up` takes 2 minutes on two busy cores, and builds images where that has not been done: 10 more.
MAKE_SECONDS = 900
# A test calls make some times, of which at most one builds.
TEST_SECONDS = 1800
# Of the checkout's own .env: what images are built from.
IMAGES = ("COMPOSE_FILE", "BASE_IMAGE", "REGISTRIES_FILE")
# One for all runs, so that each finds what one that was cut off has left: it would be in its way, and in its memory.
PROJECT = "pinterest-pipeline-tests"
KILLED = "137"  # the exit status of a program that SIGKILL ended
# Enough posts for several objects and micro-batches; the whole set, and several partitions, are what tests/e2e is for.
ROWS = {"SOURCE_ROWS": "2000", "STREAM_LIMIT": "300", "STREAM_RATE": "60"}


def _answers(*command: str) -> bool:
    return not subprocess.run(["docker", *command], capture_output=True, check=False).returncode


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without an engine there is nothing to test."""
    here = [item for item in items if Path(__file__).parent in item.path.parents]
    if here and not (shutil.which("docker") and _answers("compose", "version") and _answers("info")):
        for item in here:
            item.add_marker(pytest.mark.skip(reason="no Docker engine with Compose v2 answers"))


def own_secrets(service: str) -> set[str]:
    """The secrets that docker-compose.yml gives to a service, those within longer values of its `env_file` too."""
    body = yaml.safe_load(COMPOSE_FILE.read_text())["services"][service]
    file = interpolate(body.get("env_file", ""), {})
    within = re.findall(r"\$\{(\w+)", (COMPOSE_FILE.parent / file).read_text()) if file else []
    return {*body["environment"], *within} & GENERATED


class Containers:
    """The stack's containers, by the engine's own commands."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment

    def compose(self, *words: str) -> str:
        """Return what `docker compose <words>`, which must succeed, prints."""
        return self._run("docker", "compose", *words)

    def running(self) -> list[dict[str, Any]]:
        """The running containers, as `docker compose ps` describes them."""
        return [json.loads(line) for line in self.compose("ps", "--format", "json").splitlines()]

    def executors(self) -> int:
        """Return how many executors the workers have started."""
        return self.compose("logs", "spark-worker").count("Asked to launch executor")

    def restarts(self) -> dict[str, tuple[int, bool]]:
        """Of each container, how often the engine has restarted it, and whether memory was short at its last end."""
        containers = [container["Name"] for container in self.running()]
        shown = self._run(
            "docker", "inspect", "--format", "{{.RestartCount}} {{.State.OOMKilled}}", *containers
        )
        counts = (line.split() for line in shown.splitlines())
        return {
            name: (int(count), killed == "true")
            for name, (count, killed) in zip(containers, counts, strict=True)
        }

    def maps(self, service: str, file: str) -> list[str]:
        """The programs of a service that have mapped a file into their memory."""
        script = f"grep -l {file} /proc/[0-9]*/maps | sed 's/maps/comm/' | xargs cat"
        return self.compose("exec", "-T", service, "sh", "-c", script).split()

    def user(self, container: str) -> str:
        """As whom a container's command runs; empty means root."""
        return self._run("docker", "inspect", "--format", "{{.Config.User}}", container).strip()

    def secrets(self, container: str, settings: Settings) -> set[str]:
        """The generated secrets that a container's environment has the values of."""
        values = settings.environment()
        texts = self.variables(container).values()
        return {name for name in GENERATED if any(values[name] in text for text in texts)}

    def variables(self, container: str) -> dict[str, str]:
        """A container's environment."""
        shown = self._run("docker", "inspect", "--format", "{{json .Config.Env}}", container)
        lines = (line.partition("=") for line in json.loads(shown))
        return {name: value for name, equals, value in lines if equals}  # without one: not set

    def volumes(self) -> list[str]:
        """The names of the stack's volumes."""
        project = f"label=com.docker.compose.project={self.environment['COMPOSE_PROJECT_NAME']}"
        return self._run("docker", "volume", "ls", "--quiet", "--filter", project).split()

    def unnamed_volumes(self) -> set[str]:
        """The volumes of all the engine's containers, past ones too, that have no name."""
        unnamed = "label=com.docker.volume.anonymous"
        return set(self._run("docker", "volume", "ls", "--quiet", "--filter", unnamed).split())

    def _run(self, *words: str) -> str:
        done = subprocess.run(
            words, cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of this checkout's own files, with a .env that moves the ports."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, names.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    images = {name: text for name, text in dotenv_values(ROOT / ".env").items() if text and name in IMAGES}
    own = {**images, **{name: str(free_port()) for name in VARIABLES if name.endswith("_PORT")}, **ROWS}
    (folder / ".env").write_text("".join(f"{name}={text}\n" for name, text in own.items()))
    return folder


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """This process's environment without the pipeline's settings, which are in .env, from a hostile shell."""
    kept = {name: text for name, text in os.environ.items() if name not in VARIABLES}
    return {
        **kept,
        **hostile_shell(tmp_path_factory.mktemp("shell")),
        "COLUMNS": "160",
        "MODE": "compose",
        "COMPOSE_PROJECT_NAME": PROJECT,
    }


def _remove_leftovers(folder: Path) -> None:
    """In a folder without a Compose file the project is found by its labels: its file asks for secrets."""
    down = ["docker", "compose", "--project-name", PROJECT, "down", "--remove-orphans", "--volumes"]
    environment = {name: text for name, text in os.environ.items() if name != "COMPOSE_FILE"}
    subprocess.run(down, cwd=folder, env=environment, check=True)


@pytest.fixture(scope="session")
def kills(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[], list[str]]]:
    """Ask for the stack's containers that were killed so far: by the kernel, for memory, or by anybody."""
    printed = tmp_path_factory.mktemp("events") / "events"
    filters = ["--filter", "event=oom", "--filter", "event=die"]
    shown = "{{.Action}} {{.Actor.Attributes.name}} {{.Actor.Attributes.exitCode}}"
    with printed.open("w") as file:
        command = ["docker", "events", *filters, "--format", shown]
        follower = subprocess.Popen(command, stdout=file)

        def read() -> list[str]:
            lines = (line.split(maxsplit=2) for line in printed.read_text().splitlines())
            ends = [(name, action, status) for action, name, status in lines if name.startswith(PROJECT)]
            return [name for name, action, status in ends if action == "oom" or status == KILLED]

        yield read
        follower.terminate()
        follower.wait()


@pytest.fixture(scope="session")
def make(
    checkout: Path,
    environment: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    kills: Callable[[], list[str]],  # noqa: ARG001 - from the first container on
) -> Iterator[Make]:
    """The Makefile's commands; the stack is taken down at the end, and first what an earlier run has left."""
    _remove_leftovers(tmp_path_factory.mktemp("no-file"))
    make = Make(environment, tmp_path_factory.mktemp("make") / "output", MAKE_SECONDS, checkout)
    yield make
    make.run("clean", "FORCE=1")


@pytest.fixture(scope="session")
def up(make: Make) -> str:
    """Return what `make up` prints."""
    return make("up")


@pytest.fixture(scope="session")
def stack(up: str, checkout: Path) -> Settings:  # noqa: ARG001 - it has completed .env
    """The settings as .env has them after `make up`."""
    return read_settings(checkout / ".env")


@pytest.fixture(scope="session")
def containers(checkout: Path, environment: dict[str, str]) -> Containers:
    """The engine's view."""
    return Containers(checkout, environment)
