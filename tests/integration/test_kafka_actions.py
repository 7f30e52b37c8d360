"""Each of Kafka's principals does what docs/contracts.md lists, and is refused all else, by real clients."""

import uuid
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import pytest
from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import (
    AclBinding,
    AclOperation,
    AclPermissionType,
    AdminClient,
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    ResourcePatternType,
    ResourceType,
)
from confluent_kafka.cimpl import NewTopic

from common.kafka_security import client_options
from common.settings import Settings
from common.wait import wait_until
from contracts.kafka_access import SUPER_USERS, Principal
from services.provision.kafka_rights import ensure_rights
from services.provision.topics import ensure_pin_topics, ensure_topics
from tests.integration.rights import listed, words

# A broker on loopback answers in milliseconds; all of the machine may be busy.
SECONDS = 60.0
REFUSALS = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
OTHERS = "of-somebody-else"


class Client(NamedTuple):
    """A principal at work; each method raises KafkaException where Kafka refuses it."""

    settings: Settings
    principal: Principal

    def options(self, **more: object) -> dict[str, Any]:
        return {**client_options(self.settings, self.principal), "log_level": 0, **more}

    def admin(self) -> AdminClient:
        return AdminClient(self.options())

    def describe(self, topic: str) -> None:
        if error := self.admin().list_topics(topic, timeout=SECONDS).topics[topic].error:
            raise KafkaException(error)

    def read(self, topic: str) -> None:
        """Read a record in no group; whom the topic is not even shown gets nothing, and no error."""
        self.describe(topic)
        with closing(
            Consumer(self.options(**{"group.id": "nobody's", "enable.auto.commit": False}))
        ) as consumer:
            consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
            error = wait_until(
                lambda: _outcome(consumer), timeout=SECONDS, what=f"a record of {topic}", interval=0
            )[0]
        if error:
            raise KafkaException(error)

    def write(self, topic: str) -> None:
        producer, failed = Producer(self.options()), []
        producer.produce(topic, b"{}", partition=0, on_delivery=lambda error, _: failed.append(error))
        assert producer.flush(SECONDS) == 0
        if failed[0]:
            raise KafkaException(failed[0])

    def configs(self, topic: str) -> None:
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
        client = self.admin()  # which must outlive the answer, here and below
        client.describe_configs([resource])[resource].result(SECONDS)

    def change_configs(self, topic: str) -> None:
        entry = ConfigEntry(
            "max.message.bytes", "1048588", incremental_operation=AlterConfigOpType.SET
        )  # its default
        resource = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
        client = self.admin()
        client.incremental_alter_configs([resource])[resource].result(SECONDS)

    def create(self, topic: str) -> None:
        client = self.admin()
        client.create_topics([NewTopic(topic, 1, 1)])[topic].result(SECONDS)

    def delete(self, topic: str) -> None:
        client = self.admin()
        client.delete_topics([topic])[topic].result(SECONDS)

    def look_at_group(self, group: str) -> None:
        client = self.admin()
        client.describe_consumer_groups([group])[group].result(SECONDS)

    def commit(self, group: str) -> None:
        """Commit an offset of a topic that the group's members read."""
        topic = self.settings.topic("pin")
        if self.principal == Principal.STREAMING_WRITER:
            topic = self.settings.rest_proxy.pin_streaming_topic
        offsets = ConsumerGroupTopicPartitions(group, [TopicPartition(topic, 0, 0)])
        client = self.admin()
        answer = client.alter_consumer_group_offsets([offsets])[group].result(SECONDS)
        if error := answer.topic_partitions[0].error:
            raise KafkaException(error)

    def transact(self, name: str) -> None:
        Producer(self.options(**{"transactional.id": name})).init_transactions(SECONDS)

    def grant(self, cluster: str) -> None:  # noqa: ARG002 - there is one
        binding = AclBinding(
            ResourceType.TOPIC,
            OTHERS,
            ResourcePatternType.LITERAL,
            "User:nobody",
            "*",
            AclOperation.READ,
            AclPermissionType.ALLOW,
        )
        client = self.admin()
        client.create_acls([binding])[binding].result(SECONDS)


class Action(NamedTuple):
    """A method of the client, the kind of what it is tried on, and the rights of which one is enough."""

    attempt: Callable[[Client, str], None]
    kind: str
    enough: frozenset[str]


def _outcome(consumer: Consumer) -> list[KafkaError | None]:
    """Return what came: None for a record, else the error; an empty list where nothing has. The group is nobody's."""
    errors = [message.error() for message in consumer.consume(1, timeout=0.5)]
    return [each for each in errors if not each or each.code() != KafkaError.GROUP_AUTHORIZATION_FAILED]


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
    """The tests' broker with the pipeline's rights and topics, one more topic, and a record in each that is read."""
    ensure_rights(kafka)
    assert [*ensure_topics(kafka), *ensure_pin_topics(kafka)] == []
    user = Client(kafka, Principal.USER)
    user.create(OTHERS)
    for topic in _names(kafka)["topic"]:
        user.write(topic)
    return kafka


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


def _is_allowed(attempt: Callable[[Client, str], None], client: Client, name: str) -> bool:
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
