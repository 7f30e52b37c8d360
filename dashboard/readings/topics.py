"""Read the ends of the three topics from Kafka, and their newest records."""

from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, Message, TopicPartition

from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal
from contracts.tables import TABLES

# A broker on loopback answers in milliseconds; one that does not by then is down.
_TIMEOUT_SECONDS = 2.0
_NEWEST = 8  # records of each partition

Place = tuple[str, int]  # topic and partition


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

    ends: Mapping[Place, int]
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
        client_options(settings, Principal.DASHBOARD)
        | {"group.id": f"{settings.user_id}-dashboard", "enable.auto.commit": False, "log_level": 0}
    )
    try:
        kept, main = _kept(settings, consumer), settings.topic(TABLES[0])
        newest = _newest(consumer, {place: offsets for place, offsets in kept.items() if place[0] == main})
        return Topics({place: offsets.stop for place, offsets in kept.items()}, main, newest)
    finally:
        consumer.close()


def _kept(settings: Settings, consumer: Consumer) -> dict[Place, range]:
    """Return the offsets that each partition keeps."""
    known = consumer.list_topics(timeout=_TIMEOUT_SECONDS).topics
    wanted = [settings.topic(table) for table in TABLES]
    if absent := [name for name in wanted if name not in known]:
        raise LookupError(f"Kafka has no topic {', '.join(absent)}")
    places = [(name, number) for name in wanted for number in known[name].partitions]
    return {
        place: range(*consumer.get_watermark_offsets(TopicPartition(*place), timeout=_TIMEOUT_SECONDS))
        for place in places
    }


def _newest(consumer: Consumer, kept: Mapping[Place, range]) -> tuple[Record, ...]:
    last = {place: offsets[-_NEWEST:] for place, offsets in kept.items() if offsets}
    if not last:
        return ()
    consumer.assign([TopicPartition(*place, offsets.start) for place, offsets in last.items()])
    found = consumer.consume(sum(map(len, last.values())), timeout=_TIMEOUT_SECONDS)
    records = [_record(message) for message in found if not message.error()]
    return tuple(sorted(records, key=lambda record: (record.seconds or 0, record.offset), reverse=True))


def _record(message: Message) -> Record:
    _, milliseconds = message.timestamp()
    seconds = milliseconds / 1000 if milliseconds > 0 else None
    return Record(message.partition() or 0, message.offset() or 0, seconds, message.value())
