"""Each third-party server starts as docker-compose.yml says, proves who it is, and listens on loopback only."""

import psutil
import pytest

from services.common import health
from services.common.settings import Settings
from tests.processes import make_settings

SERVERS = {
    "kafka": "kafka_port",
    "localstack": "localstack_port",
    "mysql": "mysql_port",
    "postgres": "postgres_port",
}


@pytest.mark.parametrize("name", SERVERS)
def test_a_started_server_is_healthy(name: str, request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue(name)
    assert health.problem(name, settings) is None


@pytest.mark.parametrize("name", SERVERS)
def test_it_listens_on_loopback_only(name: str, request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue(name)
    port = getattr(settings, SERVERS[name])
    listening = [
        connection.laddr.ip
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_LISTEN and connection.laddr.port == port
    ]
    assert listening
    assert {address.removeprefix("::ffff:") for address in listening} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize("name", ["kafka", "mysql", "postgres"])
def test_another_server_on_the_port_is_not_taken_for_ours(name: str, request: pytest.FixtureRequest) -> None:
    settings: Settings = request.getfixturevalue(name)
    ours = {SERVERS[name]: getattr(settings, SERVERS[name]), "kafka_cluster_id": "anotherPipelinesKafkaQ"}
    stranger = make_settings(settings.state_dir, **ours)
    assert health.problem(name, stranger)
