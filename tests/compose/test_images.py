"""The databases' images, official or stand-ins, keep to what images/contract.yml says they document."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from common.wait import wait_until
from tests.compose.conftest import TEST_SECONDS, Containers

pytestmark = pytest.mark.timeout(TEST_SECONDS)

# A database is made and answers in 10 s on an idle machine; twelve times that.
START_SECONDS = 120.0

Start = Callable[..., "Container"]


class Container:
    """A container of its own, beside the stack."""

    def __init__(self, image: str, options: list[str]) -> None:
        # Without --rm: what one that ended has printed is worth reading.
        self.id = _docker("run", "--detach", "--init", *options, image)

    def __call__(self, *command: str) -> str:
        """Return what a command in the container prints; an error if it fails."""
        return _docker("exec", self.id, *command)

    def until(self, *command: str) -> None:
        """Wait until a command in the container succeeds."""
        what = f"{command[0]} in {self.id[:12]}"
        wait_until(lambda: self._succeeds(*command), timeout=START_SECONDS, what=what, interval=0.5)

    def logs(self) -> str:
        """The end of what its server has printed."""
        done = subprocess.run(
            ["docker", "logs", "--tail", "20", self.id], capture_output=True, text=True, check=True
        )
        return done.stdout + done.stderr

    def _succeeds(self, *command: str) -> bool:
        return not subprocess.run(
            ["docker", "exec", self.id, *command], capture_output=True, check=False
        ).returncode


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture(scope="module")
def services(up: str, containers: Containers) -> dict[str, Any]:  # noqa: ARG001 - `make up` builds or pulls images
    """The services as Compose reads them."""
    read: dict[str, Any] = json.loads(containers.compose("config", "--format", "json"))["services"]
    return read


@pytest.fixture(scope="module")
def checks(services: dict[str, Any]) -> dict[str, str]:
    """Service -> its health check's line of shell; Compose prints it with each dollar sign doubled."""
    return {
        name: services[name]["healthcheck"]["test"][1].replace("$$", "$") for name in ("mysql", "postgres")
    }


@pytest.fixture
def start(services: dict[str, Any]) -> Iterator[Start]:
    """Start a container of a service's image with options of `docker run`; it is removed at the end."""
    started: list[Container] = []

    def run(service: str, *options: str) -> Container:
        started.append(Container(services[service]["image"], list(options)))
        return started[-1]

    yield run
    for container in started:
        _docker("rm", "--force", "--volumes", container.id)


@pytest.fixture
def scripts(tmp_path: Path) -> list[str]:
    """Options that mount an init folder and a file with the password `it's`."""
    folder = tmp_path / "init"
    folder.mkdir()
    (folder / "1.sql").write_text("CREATE TABLE made (line VARCHAR(10)); INSERT INTO made VALUES ('sql');")
    (folder / "2.sh").write_text("echo shell > /tmp/shell-was-here\n")
    (tmp_path / "password").write_text("it's\n")
    for path in (folder, *folder.iterdir(), tmp_path / "password"):  # for the image's account
        path.chmod(0o755)
    return [
        f"--volume={folder}:/docker-entrypoint-initdb.d:ro",
        f"--volume={tmp_path / 'password'}:/run/password:ro",
    ]


def test_postgres(start: Start, scripts: list[str], checks: dict[str, str]) -> None:
    variables = [
        "--env=POSTGRES_USER=someone",
        "--env=POSTGRES_DB=a shop",
        "--env=POSTGRES_PASSWORD_FILE=/run/password",
    ]
    container = start("postgres", *variables, *scripts)
    container.until("pg_isready", "--host=127.0.0.1", "--username=someone")
    query = ["psql", "--username=someone", "--dbname=a shop", "--tuples-only", "--no-align"]
    assert container(*query, "--command=SELECT line FROM made") == "sql"
    assert container("cat", "/tmp/shell-was-here") == "shell"  # noqa: S108 - in the container
    assert container(*query, "--command=SHOW data_directory") == "/var/lib/postgresql/18/docker"
    address = container("hostname", "-i")
    over_tcp = [*query, f"--host={address}", "--no-password", "--command=SELECT 1"]
    assert container("env", "PGPASSWORD=it's", *over_tcp) == "1"
    with pytest.raises(AssertionError, match="password authentication failed"):
        container("env", "PGPASSWORD=wrong", *over_tcp)
    check = ["sh", "-c", checks["postgres"].replace("--username postgres", "--username someone")]
    container("env", "POSTGRES_PASSWORD=it's", *check)
    with pytest.raises(AssertionError, match="password authentication failed"):
        container("env", "POSTGRES_PASSWORD=wrong", *check)


def test_mysql(start: Start, scripts: list[str], checks: dict[str, str]) -> None:
    variables = [
        "MYSQL_DATABASE=shop",
        "MYSQL_USER=someone",
        "MYSQL_PASSWORD=p",
        "MYSQL_ROOT_PASSWORD_FILE=/run/password",
    ]
    container = start("mysql", *(f"--env={one}" for one in variables), *scripts)
    container.until("mysqladmin", "ping", "--host=127.0.0.1", "--silent")
    query = ["mysql", "--batch", "--skip-column-names"]
    assert (
        container("env", "MYSQL_PWD=p", *query, "--user=someone", "--execute=SELECT line FROM made", "shop")
        == "sql"
    )
    assert container("cat", "/tmp/shell-was-here") == "shell"  # noqa: S108 - in the container
    root = ["env", "MYSQL_PWD=it's", *query, "--user=root"]
    assert container(*root, "--execute=SELECT @@datadir") == "/var/lib/mysql/"
    with pytest.raises(AssertionError, match="Access denied"):
        container("env", "MYSQL_PWD=wrong", *query, "--user=root", "--execute=SELECT 1")
    check = ["sh", "-c", checks["mysql"]]
    container("env", "MYSQL_ROOT_PASSWORD=it's", *check)
    with pytest.raises(AssertionError, match="Access denied"):
        container("env", "MYSQL_ROOT_PASSWORD=wrong", *check)


@pytest.mark.parametrize(
    ("service", "variable"), [("postgres", "POSTGRES_PASSWORD"), ("mysql", "MYSQL_ROOT_PASSWORD")]
)
def test_without_a_password_nothing_is_made(start: Start, service: str, variable: str) -> None:
    container = start(service)
    assert _docker("wait", container.id) != "0"
    assert variable in container.logs()
