"""The S3 sink with a Confluent connector's properties, between the real broker and the real LocalStack."""

from pathlib import Path

import pytest
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from common.settings import Settings
from common.wait import wait_until
from contracts.landing import object_key
from contracts.tables import TABLES
from services.s3_sink.connect import keep
from stack.local.isolated import START_SECONDS
from tests.integration.s3_sink_lab import (
    TIMEOUT_SECONDS,
    in_landing_zone,
    isolated_user,
    landed_keys,
    posts,
    produce,
    sink,
    status,
)
from tests.kafka_clients import as_user


@pytest.fixture
def user(kafka: Settings, localstack: Settings, tmp_path: Path) -> Settings:
    assert kafka is localstack
    return isolated_user(kafka, tmp_path, KAFKA_PARTITIONS=1)


def one_each(user: Settings, count: int, *more: str) -> set[str]:
    """Return the keys of so many records of each topic, an object for each."""
    topics = [*map(user.topic, TABLES), *more]
    return {object_key(topic, 0, start) for topic in topics for start in range(count)}


def wait_for(user: Settings, keys: set[str]) -> None:
    wait_until(
        lambda: set(landed_keys(user)) == keys,
        timeout=TIMEOUT_SECONDS,
        interval=0.3,
        what=f"{len(keys)} objects",
    )


def test_properties_hold_over_restarts_for_topics_that_are_made_later_too(
    user: Settings, tmp_path: Path
) -> None:
    mine, own = f"{user.user_id}.mine", user.replace(STATE_DIR=tmp_path / "sink")
    keep(
        own, f"topics.regex=(__consumer_offsets|{user.user_id}.*)\nflush.size=1\ns3.bucket.name={user.bucket}"
    )
    produce(user, posts(0, 6))
    with sink(user, tmp_path) as process:
        wait_for(user, one_each(user, 2))
        admin = AdminClient(as_user(user))
        admin.create_topics([NewTopic(mine, 1, 1)])[mine].result()
        producer = Producer(as_user(user))
        for value in (b"1", b"2"):
            producer.produce(mine, value)
        assert producer.flush(START_SECONDS) == 0
        wait_for(user, one_each(user, 2, mine))
        applied = [line.partition("=")[0] for line in status(tmp_path)["connector"]]
        assert applied == ["topics.regex", "flush.size"]
        # Kafka's own topics are never meant. (The state file is a second old.)
        topics = {mine, *map(user.topic, TABLES)}
        wait_until(
            lambda: {each["topic"] for each in status(tmp_path)["partitions"]} == topics,
            timeout=TIMEOUT_SECONDS,
            what=f"the sink to have {topics}",
        )
        assert process.stop() == 0
    produce(user, posts(6, 6))
    with sink(user, tmp_path):
        wait_for(user, one_each(user, 4) | {object_key(mine, 0, start) for start in range(2)})
    assert in_landing_zone(user)[mine, 0] == {0: b"1", 1: b"2"}


def test_properties_that_no_longer_fit_end_the_sink_with_the_way_out(user: Settings, tmp_path: Path) -> None:
    keep(user.replace(STATE_DIR=tmp_path / "sink"), "s3.region=us-east-1")
    process = sink(user.replace(AWS_REGION="eu-west-2"), tmp_path)
    with process:
        wait_until(lambda: not process.running, timeout=START_SECONDS, what="the sink's end")
    assert "cannot run with what `make connector` has kept" in process.output()
    assert "s3.region=us-east-1" in process.output()
