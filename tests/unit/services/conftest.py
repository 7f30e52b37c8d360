"""Fixtures that tests of several services share."""

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

# A record by its partition and offset: its key and value.
Placed = dict[tuple[int | None, int | None], tuple[bytes | None, bytes | None]]


class BuiltInKafka:
    """The broker that Kafka's client library has built in: real clients speak to it, and it is no process."""

    PARTITIONS = 4
    """Of each topic: the library's own number."""

    def __init__(self) -> None:
        self.client = Producer({"test.mock.num.brokers": 1, "log_level": 0})
        [found] = self.client.list_topics().brokers.values()
        self.address = f"{found.host}:{found.port}"

    def make(self, topic: str) -> None:
        """Make a topic: this client may, by asking for it."""
        assert len(self.client.list_topics(topic).topics[topic].partitions) == self.PARTITIONS

    def records(self, topic: str, count: int) -> Placed:
        """Read the topic's first `count` records."""
        consumer = Consumer({"bootstrap.servers": self.address, "group.id": "tests", "log_level": 0})
        consumer.assign([TopicPartition(topic, number, 0) for number in range(self.PARTITIONS)])
        found: Placed = {}
        while len(found) < count:
            for message in consumer.consume(count - len(found), timeout=0.1):
                assert message.error() is None
                found[message.partition(), message.offset()] = message.key(), message.value()
        consumer.close()
        return found

    def topics(self) -> set[str]:
        """Return the names of all topics."""
        return {*self.client.list_topics().topics}


@pytest.fixture
def built_in_kafka() -> BuiltInKafka:
    """A broker with one topic, `t`."""
    built_in = BuiltInKafka()
    built_in.make("t")
    return built_in
