"""Read the ends of the three topics from Kafka, and their newest records."""

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, Message, TopicPartition

from common.settings import Settings
from contracts.tables import TABLES

# A broker on loopback answers in milliseconds; one that does not by then is down.
_TIMEOUT_SECONDS = 2.0
_NEWEST = 8  # records of each partition


@dataclass(frozen=True)
class Record:
    """A record of the topic of posts; `seconds` is its time of arrival in unix seconds, None where Kafka has none."""

    partition: int
    offset: int
    seconds: float | None
    value: bytes | None


@dataclass(frozen=True)
class Topics:
    """The end offset of each partition, by topic and partition, and the newest records of `main`, the posts' topic."""

    ends: Mapping[tuple[str, int], int]
    main: str
    newest: tuple[Record, ...] = ()

    @property
    def total(self) -> int:
        """Return how many records all topics have taken."""
        return sum(self.ends.values())

    @property
    def posts(self) -> int:
        """Return how many records the posts' topic has taken."""
        return sum(end for (topic, _), end in self.ends.items() if topic == self.main)


def read_topics(settings: Settings) -> Topics:
    """Ask the broker, as a consumer of no group: nothing is committed.

    Raises:
        confluent_kafka.KafkaException: Kafka does not answer.
        LookupError: it has not all of the topics.
    """
    consumer = Consumer(
        {"bootstrap.servers": settings.kafka.bootstrap_servers, "group.id": "dashboard", "log_level": 0}
        | {"enable.auto.commit": False}
    )
    try:
        ends = _ends(settings, consumer)
        main = settings.topic(TABLES[0])
        return Topics(ends, main, _newest(consumer, main, ends))
    finally:
        consumer.close()


def _ends(settings: Settings, consumer: Consumer) -> dict[tuple[str, int], int]:
    known = consumer.list_topics(timeout=_TIMEOUT_SECONDS).topics
    wanted = [settings.topic(table) for table in TABLES]
    if absent := [name for name in wanted if name not in known]:
        raise LookupError(f"Kafka has no topic {', '.join(absent)}")
    places = [(name, number) for name in wanted for number in known[name].partitions]
    return {
        place: consumer.get_watermark_offsets(TopicPartition(*place), timeout=_TIMEOUT_SECONDS)[1]
        for place in places
    }


def _newest(consumer: Consumer, topic: str, ends: Mapping[tuple[str, int], int]) -> tuple[Record, ...]:
    starts = {
        partition: max(end - _NEWEST, 0) for (name, partition), end in ends.items() if name == topic and end
    }
    if not starts:
        return ()
    consumer.assign([TopicPartition(topic, partition, start) for partition, start in starts.items()])
    wanted = sum(ends[topic, partition] - start for partition, start in starts.items())
    found = consumer.consume(wanted, timeout=_TIMEOUT_SECONDS)
    records = [_record(message) for message in found if not message.error()]
    return tuple(sorted(records, key=lambda record: (record.seconds or 0, record.offset), reverse=True))


def _record(message: Message) -> Record:
    _, milliseconds = message.timestamp()
    seconds = milliseconds / 1000 if milliseconds > 0 else None
    return Record(message.partition() or 0, message.offset() or 0, seconds, message.value())
