"""The dashboard's reading of a real Kafka."""

from functools import partial
from pathlib import Path

import pytest
from confluent_kafka import KafkaException, Producer

from common.settings import Settings
from common.wait import wait_until
from dashboard.readings.topics import Topics, read_topics
from stack.local.isolated import free_port
from tests.integration.s3_sink_lab import isolated_user
from tests.kafka_clients import as_user


def _read_if_led(user: Settings) -> Topics | None:
    try:
        return read_topics(user)
    except KafkaException:
        return None


def test_ends_and_the_newest_posts(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, KAFKA_PARTITIONS=2)
    # A topic made a moment ago is known before its partitions have their leaders.
    empty = wait_until(partial(_read_if_led, user), timeout=60, what="the partitions to have leaders")
    assert empty is not None
    assert (empty.total, empty.posts, empty.newest) == (0, 0, ())
    producer = Producer(as_user(user))
    for number in range(10):
        producer.produce(user.topic("pin"), f"{number}".encode(), partition=0, timestamp=1_000 + number)
    producer.produce(user.topic("pin"), None, partition=1, timestamp=9_000)
    producer.produce(user.topic("geo"), b"{}", partition=1)
    assert producer.flush(30) == 0
    topics = read_topics(user)
    assert (topics.total, topics.posts) == (12, 11)
    assert topics.ends[user.topic("pin"), 0] == 10
    newest, second, *_, last = topics.newest
    assert (newest.partition, newest.seconds, newest.value) == (1, 9.0, None)
    assert (second.partition, second.offset, second.value) == (0, 9, b"9")
    assert (len(topics.newest), last.value) == (9, b"2")


def test_a_kafka_without_the_topics_says_so(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, topics=False)
    with pytest.raises(LookupError, match=user.topic("pin")):
        read_topics(user)


def test_no_kafka_is_said(kafka: Settings) -> None:
    with pytest.raises(KafkaException):
        read_topics(kafka.replace(KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}"))
