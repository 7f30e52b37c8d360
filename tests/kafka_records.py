"""The values of a record that a test has read from Kafka; confluent_kafka's own types allow None everywhere."""

from confluent_kafka import Message


def position(message: Message) -> tuple[str, int, int]:
    """Return the record's topic, partition and offset."""
    topic, partition, offset = message.topic(), message.partition(), message.offset()
    assert topic is not None
    assert partition is not None
    assert offset is not None
    return topic, partition, offset


def value_of(message: Message) -> bytes:
    """Return the record's value, which must be no tombstone."""
    value = message.value()
    assert value is not None
    return value
