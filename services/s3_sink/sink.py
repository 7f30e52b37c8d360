"""The loop between Kafka and the landing zone.

A partition that is assigned to this instance is open or closed. Open: its place is known from the bucket, and its
records are taken up. Closed: it is paused in Kafka and holds nothing in memory, until it is opened (again) after a
wait. Any trouble closes it; opening reads the bucket, so there is one way to recover from everything. When S3 does
not answer, all partitions are closed: memory stays bounded however long it takes.
"""

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial

import structlog
from confluent_kafka import Consumer, KafkaException, Message, TopicPartition

from common.backoff import Backoff
from common.settings import Settings
from services.s3_sink.connector import Connector, by_settings
from services.s3_sink.consumer import ErrorLog, consumer_config
from services.s3_sink.membership import Membership, kafka_is_there
from services.s3_sink.partition import OpenPartition, Partition, Record, Repeat, Rewound
from services.s3_sink.status import PartitionStatus, Status
from services.s3_sink.zone import LandingZone, StaleEnd, Unavailable

log: structlog.stdlib.BoundLogger = structlog.get_logger(service="s3-sink")

_BATCH = 2_000  # records a call: enough to make the call's cost small, 1.5 MB of posts
_POLL_SECONDS = 0.1
_CONFIRM_SECONDS = 5.0  # how soon an idle partition notices that its bucket is lost
_BLOCKED_SECONDS = 5.0  # how soon a partition that needs a person's help is tried again
_KAFKA_TIMEOUT_SECONDS = 5.0


class Sink:
    """Lands the records of a connector's topics, or of the settings', until `stop` is set."""

    def __init__(
        self,
        settings: Settings,
        zone: LandingZone,
        status: Status,
        stop: threading.Event,
        connector: Connector | None = None,
    ) -> None:
        self._zone = zone
        self._status = status
        self._stop = stop
        connector = connector or by_settings(settings)
        self._limits, self._topics = connector.limits, list(connector.topics)
        self._log_kafka = ErrorLog(settings)
        self._membership = Membership(partial(kafka_is_there, settings))
        self._consumer = Consumer(consumer_config(settings, self._log_kafka))
        self._open: dict[Partition, OpenPartition] = {}
        self._closed: dict[Partition, float] = {}  # when to try to open it
        self._problems: dict[Partition, str] = {}
        self._backoff = Backoff()
        self._confirm_at = 0.0

    def run(self) -> None:
        """Land until `stop` is set, then land what is buffered and leave the group."""
        self._consumer.subscribe(
            self._topics, on_assign=self._on_assign, on_revoke=self._on_revoke, on_lost=self._on_lost
        )
        while not self._stop.is_set():
            self._take(self._consumer.consume(_BATCH, _POLL_SECONDS))
            self._each_open(lambda partition: partition.land_if_old(time.monotonic()))
            self._confirm()
            self._open_due()
            self._membership.check()
            self._report()
        self._each_open(OpenPartition.land)
        self._report()
        self._consumer.close()

    # Kafka's callbacks, called from within consume().

    def _on_assign(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        self._log_kafka.refusal = None
        self._membership.joined()
        # Where to start is not known yet: the offset is a stand-in, and nothing is taken up until it is.
        assigned = [TopicPartition(p.topic, p.partition, 0) for p in partitions]
        consumer.incremental_assign(assigned)
        consumer.pause(assigned)
        for place in _places(partitions):
            self._closed[place] = 0.0

    def _on_revoke(self, _consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Forget the partitions and what is buffered for them: the next owner reads the bucket, then Kafka."""
        for place in _places(partitions):
            self._open.pop(place, None)
            self._closed.pop(place, None)
            self._problems.pop(place, None)

    def _on_lost(self, consumer: Consumer, partitions: list[TopicPartition]) -> None:
        """Forget them too: Kafka has not heard of this member for so long that it gave them away."""
        self._membership.lost()
        log.warning("Kafka has given its partitions away: joining again", partitions=len(partitions))
        self._on_revoke(consumer, partitions)

    # The parts of a round.

    def _take(self, messages: Iterable[Message]) -> None:
        now = time.monotonic()
        for place, records in self._by_place(messages).items():
            self._guarded(place, partial(OpenPartition.take, records=records, now=now))

    def _by_place(self, messages: Iterable[Message]) -> dict[Partition, list[Record]]:
        batches: defaultdict[Partition, list[Record]] = defaultdict(list)
        for message in messages:
            if error := message.error():
                self._log_kafka(error)
            else:
                batches[message.topic(), message.partition()].append(message)  # type: ignore[index, arg-type]
        return batches

    def _confirm(self) -> None:
        if time.monotonic() >= self._confirm_at:
            self._confirm_at = time.monotonic() + _CONFIRM_SECONDS
            self._each_open(OpenPartition.confirm)

    def _each_open(self, action: Callable[[OpenPartition], None]) -> None:
        for place in list(self._open):
            self._guarded(place, action)

    def _guarded(self, place: Partition, action: Callable[[OpenPartition], None]) -> None:
        """Do something with a partition if it is open, and close it if that fails."""
        partition = self._open.get(place)
        if partition is None:
            return
        landed = partition.landed
        try:
            action(partition)
        except Repeat as repeat:
            self._consumer.seek(TopicPartition(*place, repeat.offset))
        except StaleEnd as reason:
            log.warning("reading the bucket again", topic=place[0], partition=place[1], reason=str(reason))
            self._close(place, wait=0.0)
        except Unavailable as reason:
            self._close_all(str(reason))
        except (Rewound, ValueError) as reason:
            self._block(place, str(reason))
        if partition.landed != landed:
            self._commit(place, partition.landed)

    def _open_due(self) -> None:
        """Open the closed partitions whose wait is over."""
        for place in [place for place, at in self._closed.items() if at <= time.monotonic()]:
            try:
                self._open_one(place)
            except Unavailable as reason:
                self._close_all(str(reason))
                return
            except (Rewound, ValueError) as reason:
                self._block(place, str(reason))
            except (StaleEnd, KafkaException) as reason:
                log.warning("not open yet", topic=place[0], partition=place[1], reason=str(reason))
                self._close(place, wait=self._backoff.next())

    def _open_one(self, place: Partition) -> None:
        tail = self._zone.tail(*place)
        _, end = self._consumer.get_watermark_offsets(TopicPartition(*place), timeout=_KAFKA_TIMEOUT_SECONDS)
        if end < tail.next:
            raise Rewound(f"Kafka ends at offset {end}, the landing zone at {tail.next}")
        last = self._zone.last_line(*place, tail)
        self._consumer.seek(TopicPartition(*place, tail.next if last is None else tail.next - 1))
        self._consumer.resume([TopicPartition(*place)])
        self._open[place] = OpenPartition(place, tail, self._zone, self._limits, last)
        del self._closed[place]
        self._problems.pop(place, None)
        self._backoff.reset()
        log.info("landing", topic=place[0], partition=place[1], start=tail.next, kafka_end=end)

    # Trouble.

    def _close(self, place: Partition, wait: float) -> None:
        """Drop what is buffered; try to open it after `wait` seconds."""
        if self._open.pop(place, None):
            self._consumer.pause([TopicPartition(*place)])
        self._closed[place] = time.monotonic() + wait

    def _close_all(self, reason: str) -> None:
        wait = self._backoff.next()
        log.warning("S3 cannot be used now; waiting", seconds=round(wait, 1), reason=reason)
        for place in [*self._open, *self._closed]:
            self._problems[place] = reason
            self._close(place, wait)

    def _block(self, place: Partition, reason: str) -> None:
        """Nothing that waiting mends: say so, loudly, until somebody has."""
        log.error(
            "this partition does not land: its landing zone does not fit the topic. If the topic was made anew, "
            "move or delete the landing zone of the old one; if Kafka has lost records, docs/troubleshooting.md has "
            "how to send them again",
            topic=place[0],
            partition=place[1],
            reason=reason,
        )
        self._problems[place] = reason
        self._close(place, _BLOCKED_SECONDS)

    # What others see.

    def _commit(self, place: Partition, offset: int) -> None:
        """Tell the group, so that Kafka's tools show the lag; it is never read back."""
        with suppress(KafkaException):  # a rebalance under way: the next one will do
            self._consumer.commit(offsets=[TopicPartition(*place, offset)], asynchronous=True)

    def _report(self) -> None:
        self._status.write(
            lambda: [self._place_status(place) for place in [*self._open, *self._closed]],
            self._log_kafka.refusal or self._membership.problem,
        )

    def _place_status(self, place: Partition) -> PartitionStatus:
        partition = self._open.get(place)
        _, end = self._consumer.get_watermark_offsets(TopicPartition(*place), cached=True)
        return PartitionStatus(
            topic=place[0],
            partition=place[1],
            next=partition.landed if partition else None,
            buffered=partition.buffered if partition else 0,
            end=end if end >= 0 else None,
            problem=self._problems.get(place),
        )


def _places(partitions: Iterable[TopicPartition]) -> list[Partition]:
    return [(partition.topic, partition.partition) for partition in partitions]
