"""Kafka has the rights that docs/contracts.md lists, and turns away whoever comes without a name and a password."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from confluent_kafka import (
    KafkaException,
)
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from common import health
from common.settings import ROOT, Settings
from common.wait import wait_until
from contracts.kafka_access import Principal
from services.provision.kafka_rights import ensure_rights, granted
from services.provision.topics import ensure_pin_topics, ensure_topics
from stack.local.isolated import make_settings
from tests.integration.kafka_client import OTHERS, SECONDS, Client
from tests.integration.rest_proxy.proxy import running_proxy
from tests.integration.rights import listed, words
from tests.integration.s3_sink_lab import sink, status
from tests.processes import launch_server


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A broker whose data folder was made, and given a record, when there was no authentication yet."""
    settings = make_settings(tmp_path_factory.mktemp("rights"), KAFKA_HEAP_MB=256, KAFKA_SECURITY="sasl")
    plain = settings.replace(KAFKA_SECURITY="plaintext")
    with ExitStack() as before:
        launch_server(before, plain, "kafka")
        ensure_rights(plain)
        assert [*ensure_topics(plain), *ensure_pin_topics(plain)] == []
        Client(plain, Principal.USER).write(plain.topic("pin"), b"from before")
    with ExitStack() as stack:
        launch_server(stack, settings, "kafka")
        ensure_rights(settings)
        assert [*ensure_topics(settings), *ensure_pin_topics(settings)] == []
        Client(settings, Principal.USER).create(OTHERS)
        yield settings


@dataclass(frozen=True)
class Right:
    """A row of the document: what it names may be begun with, or any."""

    principal: str
    kind: str
    name: str
    operation: str


def rights(settings: Settings) -> set[Right]:
    """Return the rights of the document's table, with the settings' names."""
    found = set()
    for principal, kind, name, operations in listed("| principal | kind | of | may |"):
        [who], [of] = words(principal), words(name)
        of = of.replace("<id>", settings.user_id)
        of = of.replace("<PIN_STREAMING_TOPIC>", settings.rest_proxy.pin_streaming_topic)
        found |= {Right(who, kind, of, operation) for operation in words(operations)}
    return found


def test_the_broker_has_the_rights_that_are_listed_and_no_others(broker: Settings) -> None:
    kinds = {"TOPIC": "topic", "GROUP": "group", "TRANSACTIONAL_ID": "transactional id", "BROKER": "cluster"}
    found = set()
    acl: Any
    for acl in granted(Client(broker, Principal.PROVISION).admin()):
        assert (acl.host, acl.permission_type.name) == ("*", "ALLOW")
        name = acl.name + ("*" if acl.resource_pattern_type.name == "PREFIXED" else "")
        found.add(
            Right(acl.principal.removeprefix("User:"), kinds[acl.restype.name], name, acl.operation.name)
        )
    assert found == rights(broker)


def test_a_folder_from_before_authentication_keeps_its_records(broker: Settings) -> None:
    assert Client(broker, Principal.USER).read(broker.topic("pin")) == b"from before"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"KAFKA_OPERATIONS_PASSWORD": "wrong"}, "its KAFKA_OPERATIONS_PASSWORD is not the one"),
        ({"KAFKA_SECURITY": "plaintext"}, "KAFKA_SECURITY=plaintext"),
    ],
)
def test_the_health_check_says_who_is_refused_and_what_to_do(
    broker: Settings, changes: dict[str, str], told: str
) -> None:
    said = health.problem("kafka", broker.replace(**changes))
    assert said
    assert told in said
    assert health.problem("kafka", broker) is None


def test_without_authentication_nothing_is_told(broker: Settings) -> None:
    stranger = Client(broker.replace(KAFKA_SECURITY="plaintext"), Principal.USER).admin()
    with pytest.raises(KafkaException):
        stranger.list_topics(timeout=5)


def test_the_containers_health_check_is_answered_before_a_login(broker: Settings) -> None:
    """The check of docker-compose.yml, at this broker's port."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    check = services["kafka"]["healthcheck"]["test"]
    assert "localhost/19092" in check
    script = check.replace("localhost/19092", f"127.0.0.1/{broker.kafka.port}")
    subprocess.run(["bash", "-c", script], check=True, timeout=SECONDS)


def test_the_rest_proxy_says_that_it_is_refused(broker: Settings, tmp_path: Path) -> None:
    with running_proxy(broker, tmp_path, KAFKA_REST_PROXY_PASSWORD="wrong") as proxy:
        code, body = proxy.health()
        assert code == 503
        assert re.search(r"Kafka refuses rest-proxy: its KAFKA_REST_PROXY_PASSWORD .*`make up`", str(body))


def test_the_sink_says_that_it_is_refused(broker: Settings, tmp_path: Path) -> None:
    with sink(broker.replace(KAFKA_S3_SINK_PASSWORD="wrong"), tmp_path) as process:
        wait_until(lambda: status(tmp_path).get("problem"), timeout=60, what="the problem in the state file")
        told = status(tmp_path)["problem"]
        assert re.search(r"Kafka refuses s3-sink: its KAFKA_S3_SINK_PASSWORD .*`make up`", told)
        assert "Kafka refuses s3-sink" in process.output()


def grant(client: AdminClient, right: AclBinding) -> None:
    """Return once the broker knows of the right, a moment after the controller's answer."""
    client.create_acls([right])[right].result(SECONDS)
    wait_until(lambda: right in granted(client), timeout=SECONDS, what=f"the broker to know {right}")


def test_what_is_no_longer_listed_is_taken_away_and_what_is_of_others_stays(broker: Settings) -> None:
    provision = Client(broker, Principal.PROVISION).admin()
    ensure_rights(broker.replace(USER_ID="another0"))
    theirs, old = (AclBinding(*_on_any_topic(f"User:{name}")) for name in ("somebody", "dashboard"))
    grant(provision, theirs)
    before = granted(provision)
    grant(provision, old)
    ensure_rights(broker)
    assert granted(provision) == before
    assert theirs in before
    assert any(acl.name.startswith("another0") for acl in before)


def _on_any_topic(principal: str) -> tuple[Any, ...]:
    kind, pattern = ResourceType.TOPIC, ResourcePatternType.LITERAL
    return kind, "*", pattern, principal, "*", AclOperation.WRITE, AclPermissionType.ALLOW
