"""Each third-party server starts as docker-compose.yml says, proves who it is, and listens on loopback only."""

import psutil
import pytest

from common import health
from common.clients import kinesis_client
from common.settings import Settings
from stack.local.isolated import make_settings
from tests.kafka_clients import broker_of
from tests.servers import IN_CONTAINERS

SERVERS = {
    "kafka": "KAFKA_PORT",
    "localstack": "LOCALSTACK_PORT",
    "mysql": "MYSQL_PORT",
    "postgres": "POSTGRES_PORT",
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_started_server_is_healthy(name: str, request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue(name)
    assert health.problem(name, settings) is None


@pytest.mark.skipif(IN_CONTAINERS, reason="tests/compose looks at containers' ports")
@pytest.mark.parametrize("name", SERVERS)
def test_it_and_its_children_listen_on_loopback_only(name: str, request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue(name)
    if name == "localstack":
        kinesis_client(settings).list_streams()  # its Kinesis is a process of its own
    listening = _listening()
    owner = next(pid for pid, _, port in listening if port == _port(settings, name))
    children = {child.pid for child in psutil.Process(owner).children(recursive=True)}
    addresses = {address for pid, address, _ in listening if pid in {owner, *children}}
    assert {address.removeprefix("::ffff:") for address in addresses} <= {"127.0.0.1", "::1"}


def _port(settings: Settings, server: str) -> int:
    return int(settings.environment()[SERVERS[server]])


def _listening() -> list[tuple[int | None, str, int]]:
    """Process, address and port of each listening socket."""
    return [
        (each.pid, each.laddr.ip, each.laddr.port)
        for each in psutil.net_connections("tcp")
        if each.status == psutil.CONN_LISTEN
    ]


@pytest.mark.parametrize("name", ["kafka", "mysql", "postgres"])
def test_another_server_on_the_port_is_not_taken_for_ours(name: str, request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue(name)
    ours = {SERVERS[name]: _port(settings, name), "KAFKA_CLUSTER_ID": "anotherPipelinesKafkaQ"}
    stranger = make_settings(settings.state_dir, **broker_of(settings) | ours)
    assert health.problem(name, stranger)
