"""The S3 sink while Kafka is down: it waits and goes on by itself."""

from contextlib import ExitStack
from pathlib import Path

from common.settings import Settings
from common.wait import wait_until
from stack.local.isolated import make_settings
from tests.integration.s3_sink_lab import (
    TIMEOUT_SECONDS,
    assert_exactly_once,
    isolated_user,
    posts,
    produce,
    sink,
    status,
    wait_landed,
)
from tests.kafka_clients import broker_of
from tests.processes import launch_server


def test_kafka_is_killed_and_comes_back(localstack: Settings, tmp_path: Path) -> None:
    """A broker of its own, as the session's serves other tests; this one is without authentication."""
    own = make_settings(tmp_path / "broker", KAFKA_HEAP_MB=256, KAFKA_SECURITY="plaintext")
    with ExitStack() as servers:
        broker = launch_server(servers, own, "kafka")
        user = isolated_user(localstack, tmp_path, **broker_of(own), KAFKA_PARTITIONS=1)
        with sink(user, tmp_path) as process:
            produce(user, posts(0, 3000))
            wait_landed(user)
            broker.kill()
            wait_until(
                lambda: "event=Kafka" in process.output(),
                timeout=TIMEOUT_SECONDS,
                what="the loss to be logged",
            )
            broker.start()
            produce(user, posts(3000, 3000))
            wait_landed(user)
            written = status(tmp_path)["written_at"]
            wait_until(lambda: status(tmp_path)["written_at"] > written, timeout=60, what="a beat")
            assert process.running
        assert assert_exactly_once(user) == 6000


def test_started_before_kafka(localstack: Settings, tmp_path: Path) -> None:
    """It says so, keeps alive and writes its state."""
    own = make_settings(tmp_path / "no-broker")
    user = isolated_user(localstack, tmp_path, topics=False, granted=False, **broker_of(own))
    with sink(user, tmp_path) as process:
        wait_until(
            lambda: "event=Kafka" in process.output(), timeout=TIMEOUT_SECONDS, what="the loss to be logged"
        )
        wait_until(lambda: status(tmp_path).get("pid"), timeout=TIMEOUT_SECONDS, what="the state file")
        assert process.stop() == 0
