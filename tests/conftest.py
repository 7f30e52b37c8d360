"""Fixtures of all tests: one stack of real servers for the session, each started when a test first asks for it."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain

import pytest
from xdist.remote import Producer

from common.settings import Settings
from stack.local.isolated import make_settings
from stack.os_user import remove_server_home
from tests.file_seconds import note_seconds, seconds_by_file, seconds_by_test
from tests.groups import GroupScheduling, order_by_group
from tests.servers import start_server


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take longest."""
    order_by_group(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> GroupScheduling | None:
    """Keep together what shares servers where tests are given out by scope."""
    return GroupScheduling(config, log) if config.getvalue("dist") == "loadscope" else None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the slowest files where `--durations` asks for the slowest tests, and as many."""
    config = terminalreporter.config
    count = config.getoption("durations")
    if count is None or hasattr(config, "workerinput"):  # one of several processes: its tests are told once
        return
    reports = list(chain(*terminalreporter.stats.values()))
    files, tests = (each[: count or None] for each in (seconds_by_file(reports), seconds_by_test(reports)))
    terminalreporter.section("slowest files")
    for name, seconds in files:
        terminalreporter.write_line(f"{seconds:.0f} s {name}")
    note_seconds([*files, *tests])


@pytest.fixture(scope="session")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A stack of its own: its own state folder, ports, secrets and names; topics of several partitions."""
    settings = make_settings(tmp_path_factory.mktemp("stack"), KAFKA_PARTITIONS=3)
    yield settings
    remove_server_home(settings)


@pytest.fixture(scope="session")
def service_env(settings: Settings) -> dict[str, str]:
    """The settings as environment variables, for child processes."""
    return settings.environment()


@pytest.fixture(scope="session")
def servers() -> Iterator[ExitStack]:
    """Yield the stack that keeps the started servers, and stops them at the end in the reverse order."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture(scope="session")
def kafka(settings: Settings, servers: ExitStack) -> Settings:
    """A Kafka broker."""
    start_server(servers, settings, "kafka")
    return settings


@pytest.fixture(scope="session")
def localstack(settings: Settings, servers: ExitStack) -> Settings:
    """LocalStack with S3 and Kinesis."""
    start_server(servers, settings, "localstack")
    return settings


@pytest.fixture(scope="session")
def mysql(settings: Settings, servers: ExitStack) -> Settings:
    """A MySQL server, empty."""
    start_server(servers, settings, "mysql")
    return settings


@pytest.fixture(scope="session")
def postgres(settings: Settings, servers: ExitStack) -> Settings:
    """A Postgres server, empty."""
    start_server(servers, settings, "postgres")
    return settings
