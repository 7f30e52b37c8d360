"""Consume Kafka's records for the sink, and describe Kafka's errors."""

import time
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaError

from common.kafka_refusal import told_refusal
from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="s3-sink")

_SAME_AGAIN_SECONDS = 5.0


class ErrorLog:
    """Logs Kafka's errors, none twice in five seconds: a broker that is down is tried 20 times a second."""

    def __init__(self, settings: Settings) -> None:
        self.refusal: str | None = None
        """Why Kafka refuses the sink, since it has last given it partitions."""
        self._security = settings.kafka.security
        self._logged_at: dict[int, float] = {}

    def __call__(self, error: KafkaError) -> None:
        """Log the error unless its kind has just been."""
        refusal = told_refusal(error, Principal.S3_SINK, self._security)
        self.refusal = refusal or self.refusal
        now = time.monotonic()
        if now - self._logged_at.get(error.code(), -_SAME_AGAIN_SECONDS) >= _SAME_AGAIN_SECONDS:
            self._logged_at[error.code()] = now
            log.warning("Kafka", error=refusal or error.str())


def consumer_config(settings: Settings, on_error: Callable[[KafkaError], None]) -> dict[str, object]:
    """The consumer's configuration."""
    return {
        **client_options(settings, Principal.S3_SINK),
        "group.id": f"{settings.user_id}-s3-sink",
        "client.id": "s3-sink",
        "error_cb": on_error,
        "log_level": 2,  # connection trouble comes through error_cb, once
        "partition.assignment.strategy": "cooperative-sticky",
        "enable.auto.commit": False,
        "auto.offset.reset": "earliest",
        # The broker's minimum: after a kill -9 the partitions are free again after 6 s.
        "session.timeout.ms": 6_000,
        # The loop's longest round: 9 partitions, each with a HEAD and a PUT that time out after 10 s.
        "max.poll.interval.ms": 180_000,
        "topic.blacklist": "^__",  # Kafka's own topics: a connector's regular expression never means them
        "topic.metadata.refresh.interval.ms": 5_000,  # how soon a topic made after our start is found
        # A broker answers a connection's requests in turn: an idle fetch must not hold up the question for a
        # partition's end when it is opened (500 ms each, were it left alone).
        "fetch.wait.max.ms": 100,
        "reconnect.backoff.max.ms": 2_000,
        "queued.max.messages.kbytes": 8 * 1024,  # what waits for us in memory: ours is up to 8 MB a partition
        # How long a partition is left alone once that much waits; we take it in a tenth of the default of 1 s.
        "fetch.queue.backoff.ms": 20,
    }
