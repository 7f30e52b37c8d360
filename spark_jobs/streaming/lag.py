"""Measure how far a query is behind its source: records not read yet, and the age of the oldest of them."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass

from confluent_kafka import Consumer, TopicPartition
from pyspark_kinesis_source import measure_lag

from common.clients import kinesis_client
from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal

# A broker on this machine or network answers in milliseconds; the status is due every few seconds.
_KAFKA_SECONDS = 5.0


@dataclass(frozen=True)
class Lag:
    """Records that wait, and how long the oldest has been waiting."""

    records: int
    seconds: float


class KinesisLag:
    """The lag behind a stream; counting stops at 10,000 records of a shard, beyond which it is `at least`."""

    def __init__(self, settings: Settings) -> None:
        """With a client of its own."""
        self._client = kinesis_client(settings)

    def measure(self, offset: str) -> Lag:
        """The lag behind the source's offset, as a query's progress has it."""
        shards = measure_lag(self._client, offset)
        oldest = max((shard.millis for shard in shards), default=0)
        return Lag(sum(shard.records for shard in shards), oldest / 1000)


class KafkaLag:
    """The lag behind a topic."""

    def __init__(self, settings: Settings) -> None:
        """With a consumer of its own, in no group."""
        self._consumer = Consumer(
            {
                **client_options(settings, Principal.STREAMING_WRITER),
                "group.id": f"{settings.user_id}-streaming-writer-lag",
                "enable.auto.commit": False,
                "log_level": 0,
            }
        )

    def measure(self, offset: str) -> Lag:
        """The lag behind the source's offset, as a query's progress has it."""
        waiting = list(self._waiting(json.loads(offset)))
        oldest = max((self._age(place) for place, _ in waiting), default=0.0)
        return Lag(sum(count for _, count in waiting), oldest)

    def _waiting(self, offset: Mapping[str, Mapping[str, int]]) -> "list[tuple[TopicPartition, int]]":
        places = [
            TopicPartition(topic, int(partition), next_offset)
            for topic, partitions in offset.items()
            for partition, next_offset in partitions.items()
        ]
        ends = (self._consumer.get_watermark_offsets(place, timeout=_KAFKA_SECONDS)[1] for place in places)
        counts = ((place, end - place.offset) for place, end in zip(places, ends, strict=True))
        return [(place, count) for place, count in counts if count > 0]

    def _age(self, place: TopicPartition) -> float:
        """Seconds since the record there was written; 0 if it cannot be had now."""
        self._consumer.assign([place])
        record = self._consumer.poll(_KAFKA_SECONDS)
        if record is None or record.error():
            return 0.0
        _, millis = record.timestamp()
        return max(time.time() - millis / 1000, 0.0)
