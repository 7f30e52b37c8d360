"""A principal of Kafka's at work: each action by a real client."""

from contextlib import closing
from typing import Any, NamedTuple

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Message,
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
from contracts.kafka_access import Principal

# A broker on loopback answers in milliseconds; all of the machine may be busy.
SECONDS = 60.0
OTHERS = "of-somebody-else"  # a topic that is not of the pipeline


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

    def read(self, topic: str) -> bytes | None:
        """Return a record's value, read in no group; whom the topic is not even shown gets nothing, and no error."""
        self.describe(topic)
        with closing(
            Consumer(self.options(**{"group.id": "nobody's", "enable.auto.commit": False}))
        ) as consumer:
            consumer.assign([TopicPartition(topic, 0, OFFSET_BEGINNING)])
            [message] = wait_until(
                lambda: _outcome(consumer), timeout=SECONDS, what=f"a record of {topic}", interval=0
            )
        if error := message.error():
            raise KafkaException(error)
        return message.value()

    def write(self, topic: str, value: bytes = b"{}") -> None:
        producer, failed = Producer(self.options()), []
        producer.produce(topic, value, partition=0, on_delivery=lambda error, _: failed.append(error))
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


def _outcome(consumer: Consumer) -> list[Message]:
    """Return the record or the error that came; an empty list where nothing has. The group is nobody's."""
    refused = KafkaError.GROUP_AUTHORIZATION_FAILED
    return [
        message
        for message in consumer.consume(1, timeout=0.5)
        if not (error := message.error()) or error.code() != refused
    ]
