"""Each of Kafka's principals does what docs/contracts.md lists, and is refused all else, by real clients."""

import uuid
from collections.abc import Callable
from typing import NamedTuple

import pytest
from confluent_kafka import (
    KafkaError,
    KafkaException,
)

from common.settings import Settings
from contracts.kafka_access import SUPER_USERS, Principal
from services.provision.kafka_rights import ensure_rights
from services.provision.topics import ensure_pin_topics, ensure_topics
from tests.integration.kafka_client import OTHERS, Client
from tests.integration.rights import listed, words

REFUSALS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}


class Action(NamedTuple):
    """A method of the client, the kind of what it is tried on, and the rights of which one is enough."""

    attempt: Callable[[Client, str], object]
    kind: str
    enough: frozenset[str]


def _enough(*operations: str) -> frozenset[str]:
    return frozenset(operations)


# READ, WRITE, DELETE and ALTER imply DESCRIBE.
_DESCRIBE = _enough("DESCRIBE", "READ", "WRITE", "DELETE", "ALTER")
ACTIONS = (
    Action(Client.describe, "topic", _DESCRIBE),
    Action(Client.read, "topic", _enough("READ")),
    Action(Client.write, "topic", _enough("WRITE")),
    Action(Client.configs, "topic", _enough("DESCRIBE_CONFIGS", "ALTER_CONFIGS")),
    Action(Client.change_configs, "topic", _enough("ALTER_CONFIGS")),
    Action(Client.look_at_group, "group", _enough("DESCRIBE", "READ", "DELETE")),
    Action(Client.commit, "group", _enough("READ")),
    Action(Client.transact, "transactional id", _enough("WRITE")),
    Action(Client.grant, "cluster", _enough("ALTER")),
)


@pytest.fixture(scope="module")
def broker(kafka: Settings) -> Settings:
    """The tests' broker with rights and topics of this file's, one more topic, and a record in each that is read."""
    settings = kafka.replace(USER_ID="kafkaactions", PIN_STREAMING_TOPIC="kafkaactions-pin")
    ensure_rights(settings)
    assert [*ensure_topics(settings), *ensure_pin_topics(settings)] == []
    user = Client(settings, Principal.USER)
    user.create(OTHERS)
    for topic in _names(settings)["topic"]:
        user.write(topic)
    return settings


def _names(settings: Settings) -> dict[str, list[str]]:
    groups = ("s3-sink", "streaming-writer-0", "dashboard", "operations")
    return {
        "topic": [settings.topic("pin"), settings.rest_proxy.pin_streaming_topic, OTHERS],
        "group": [f"{settings.user_id}-{name}" for name in groups],
        "transactional id": [OTHERS],
        "cluster": ["kafka-cluster"],
    }


def _is_listed(
    settings: Settings, principal: Principal, kind: str, name: str, enough: frozenset[str]
) -> bool:
    for who, what, of, operations in listed("| principal | kind | of | may |"):
        [pattern] = words(of)
        pattern = pattern.replace("<id>", settings.user_id)
        pattern = pattern.replace("<PIN_STREAMING_TOPIC>", settings.rest_proxy.pin_streaming_topic)
        fits = name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern
        if fits and (words(who), what) == ([principal], kind) and enough & {*words(operations)}:
            return True
    return principal in SUPER_USERS


def _is_allowed(attempt: Callable[[Client, str], object], client: Client, name: str) -> bool:
    try:
        attempt(client, name)
    except KafkaException as error:
        if error.args[0].code() not in REFUSALS:
            raise
        return False
    return True


@pytest.mark.parametrize("principal", Principal)
def test_a_principal_does_what_is_listed_and_nothing_else(broker: Settings, principal: Principal) -> None:
    client = Client(broker, principal)
    tried = [(action, name) for action in ACTIONS for name in _names(broker)[action.kind]]
    assert {
        (action.attempt.__name__, name): _is_allowed(action.attempt, client, name) for action, name in tried
    } == {
        (action.attempt.__name__, name): _is_listed(broker, principal, action.kind, name, action.enough)
        for action, name in tried
    }


@pytest.mark.parametrize("principal", Principal)
def test_a_principal_makes_and_removes_topics_only_where_that_is_listed(
    broker: Settings, principal: Principal
) -> None:
    client, topic = Client(broker, principal), f"made-{uuid.uuid4().hex[:8]}"
    may = _is_listed(broker, principal, "topic", topic, _enough("CREATE"))
    assert _is_allowed(Client.create, client, topic) == may
    if not may:
        Client(broker, Principal.PROVISION).create(topic)
    assert _is_allowed(Client.delete, client, topic) == _is_listed(
        broker, principal, "topic", topic, _enough("DELETE")
    )
