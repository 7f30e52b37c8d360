"""End a sink that does not come back into its group, from which it has its partitions.

librdkafka 2.16 may never join again: where it sent a commit to a broker that stood still, and Kafka then leaves that
broker out of its answer on which there are, it drops the commit with the broker, and waits for its answer before it
joins. Closing the consumer waits for it too. What ended so is no worse off than after a kill.
"""

import os
import time
from collections.abc import Callable

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="s3-sink")

# Within a heartbeat, 3 s, a member is let in, or after the session of one that has gone, 6 s; five times their sum.
# Where the group takes longer, to begin anew does no harm.
_REJOIN_SECONDS = 45.0
_ASK_AGAIN_SECONDS = 5.0
_KAFKA_TIMEOUT_SECONDS = 5.0
_STATUS = 1


class Membership:
    """Ends the process where the group has given its partitions away, Kafka is there, and it has not joined again."""

    def __init__(
        self,
        kafka_is_there: Callable[[], bool],
        end: Callable[[int], None] = os._exit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin as one that has lost nothing; `end` ends a process that waits in a library."""
        self._kafka_is_there = kafka_is_there
        self._end = end
        self._clock = clock
        self._lost = False
        self._ask_at = 0.0

    @property
    def problem(self) -> str | None:
        """Return that the sink is not in its group, where that is so."""
        return "it is not in its group of consumers now, and joins it again" if self._lost else None

    def lost(self) -> None:
        """Note that Kafka has given the partitions away."""
        self._lost, self._ask_at = True, self._clock() + _REJOIN_SECONDS

    def joined(self) -> None:
        """Note that the group has given partitions, or that there are none for this member."""
        self._lost = False

    def check(self) -> None:
        """End the process if the wait is over, and not because Kafka is away."""
        if not self._lost or self._clock() < self._ask_at:
            return
        self._ask_at = self._clock() + _ASK_AGAIN_SECONDS
        if self._kafka_is_there():
            log.error("not in its group for long, though Kafka is there: starting anew")
            self._end(_STATUS)


def kafka_is_there(settings: Settings) -> bool:
    """Return whether a broker answers, within 5 s; asked by a client of its own, which waits for nothing else."""
    try:
        client = AdminClient({**client_options(settings, Principal.S3_SINK), "log_level": 2})
        return bool(client.list_topics(timeout=_KAFKA_TIMEOUT_SECONDS).brokers)
    except KafkaException:
        return False
