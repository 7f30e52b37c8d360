"""The whole stack, as a user starts it: by the commands of the Makefile."""

import os
from collections.abc import Iterator

import pytest

from common.settings import ROOT, Settings
from stack.local.install import mysql_problem
from stack.local.isolated import make_settings
from stack.os_user import remove_server_home
from tests.e2e.own_workspace import write_dags, write_notebooks
from tests.hostile import hostile_shell
from tests.make import Make
from tests.secret_search import ProcessWatch, secrets_of

# `make demo` took 220 s on two cores shared with another suite; Airflow's start and its run add 80. Twice that.
MAKE_SECONDS = 600
# The first test waits for it, and some call make three times, for a minute each.
TEST_SECONDS = 900

# What tests leave for people to look at; not under version control.
ARTEFACTS = ROOT / ".local" / "artefacts"


@pytest.fixture(scope="package")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A stack of its own: its own state folder, ports, secrets and names.

    Its topics have several partitions, so that kills and offsets are tested over them. The stack in containers has one,
    the default.
    """
    own = tmp_path_factory.mktemp("own")
    return make_settings(
        tmp_path_factory.mktemp("e2e"),
        KAFKA_PARTITIONS=3,
        AIRFLOW_DAGS_DIR=write_dags(own / "dags"),
        NOTEBOOK_DIR=write_notebooks(own / "notebooks"),
    )


@pytest.fixture(scope="package")
def processes(stack: Settings) -> Iterator[ProcessWatch]:
    """A watch on what all processes show of themselves, from before the stack's first one on."""
    with ProcessWatch(secrets_of(stack)) as watch:
        yield watch


@pytest.fixture(scope="package")
def make(
    stack: Settings,
    processes: ProcessWatch,  # noqa: ARG001 - begins before the stack does
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Make]:
    """The Makefile's commands; the stack is taken down at the end."""
    if problem := mysql_problem():
        pytest.skip(problem)
    shell = {**os.environ, **stack.environment(), **hostile_shell(tmp_path_factory.mktemp("shell"))}
    environment = {**shell, "COLUMNS": "160", "MODE": "local"}
    make = Make(environment, tmp_path_factory.mktemp("make") / "output", MAKE_SECONDS)
    yield make
    make.run("clean", "FORCE=1")
    remove_server_home(stack)


@pytest.fixture(scope="package")
def demo(make: Make) -> str:
    """Return what `make demo` prints."""
    return make("demo")
