"""A partition that is given more than KAFKA_RETENTION_BYTES loses its oldest records, and fills no more of the disk."""

import os
from pathlib import Path

from confluent_kafka import Consumer, Producer, TopicPartition

from common.settings import Settings
from common.wait import wait_until
from tests.integration.s3_sink_lab import isolated_user
from tests.kafka_clients import as_user

MB = 1024**2
RECORD = 100_000
# Kafka looks every 10 s (docker-compose.yml), for the first time 30 s after its start. Four times their sum.
SECONDS = 160.0


def test_what_is_beyond_the_bound_goes(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, KAFKA_PARTITIONS=1, KAFKA_RETENTION_BYTES=4 * MB)
    topic, others = user.topic("pin"), user.topic("geo")
    producer = Producer(as_user(user))
    for count, name in ((12 * MB // RECORD, topic), (2 * MB // RECORD, others)):
        for _ in range(count):
            producer.produce(name, os.urandom(RECORD))
    assert producer.flush(SECONDS) == 0
    consumer = Consumer({**as_user(user), "group.id": f"{user.user_id}-retention"})

    def first(name: str) -> int:
        return int(consumer.get_watermark_offsets(TopicPartition(name, 0), timeout=SECONDS)[0])

    wait_until(lambda: first(topic), timeout=SECONDS, what="the oldest records to go")
    assert first(others) == 0
    log = kafka.state_dir / "kafka" / "data" / f"{topic}-0"
    held = sum(path.stat().st_size for path in log.glob("*.log"))
    assert 4 * MB <= held <= 4 * MB + user.kafka.segment_bytes + RECORD
    consumer.close()
