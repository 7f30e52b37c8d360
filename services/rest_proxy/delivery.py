"""Send records to Kafka, and each record's own result back to its request."""

import asyncio
import signal
from collections.abc import Sequence
from functools import cached_property, partial
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Message, Producer

from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal
from services.rest_proxy.records import Record
from services.rest_proxy.results import Entry, failed, too_large

# The producer is polled on the event loop's own thread, so that no callback competes for the interpreter
# with the requests. While records are in flight the loop waits for Kafka this long at a time (librdkafka
# counts in milliseconds), and serves its sockets in between.
POLL_SECONDS = 0.001
# At the end every request has been answered or has had its time-outs; this is for what was cancelled.
FLUSH_SECONDS = 5


def producer_config(settings: Settings) -> dict[str, Any]:
    """Return the producer's settings: idempotent, acknowledged by all in-sync replicas, no wait to fill batches.

    docs/adr/0007-rest-proxy-produce-path.md says why one batch at a time is on its way.
    """
    return {
        **client_options(settings, Principal.REST_PROXY),
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 0,
        # While a batch is on its way the next records gather into one. More at a time would make a request's 500
        # records seven small batches instead of three or four, which takes Kafka and this client half as long again.
        "max.in.flight": 1,
        "message.timeout.ms": round(settings.rest_proxy.delivery_timeout_seconds * 1000),
        "reconnect.backoff.max.ms": 1000,
        "allow.auto.create.topics": False,
        # A topic's new partitions are used after this; the client's default is 5 minutes.
        "topic.metadata.refresh.interval.ms": 30_000,
        # A key goes to the partition to which Java clients send it.
        "partitioner": "murmur2_random",
        # `Budget` is the one bound on what is in flight; the proxy and the broker are the bounds on size.
        "queue.buffering.max.messages": 0,
        "queue.buffering.max.kbytes": 2**31 - 1,
        "message.max.bytes": settings.rest_proxy.max_record_bytes + 64 * 1024,
    }


class Deliverer:
    """An idempotent producer on the event loop.

    Used from one event loop alone: `send` once a request, `run` once in the background.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._max_record_bytes = settings.rest_proxy.max_record_bytes
        self._log = structlog.get_logger(service="rest_proxy")
        self._requests = 0
        self._wanted = asyncio.Event()

    @cached_property
    def _producer(self) -> Producer:
        """Made with the first record: before provisioning has granted the right to write, it would be lost at once."""
        return Producer(producer_config(self._settings))

    async def run(self) -> None:
        """Serve delivery reports while requests wait for them; never ends."""
        while True:
            await self._wanted.wait()
            while self._requests:
                self._producer.poll(POLL_SECONDS)
                await asyncio.sleep(0)
            self._wanted.clear()

    async def send(self, topic: str, records: Sequence[Record]) -> list[Entry]:
        """Produce the records, wait until each is acknowledged or has failed; one entry a record, in order."""
        results = _Results(len(records))
        self._requests += 1
        self._wanted.set()
        try:
            for index, record in enumerate(records):
                self._produce(topic, record, results, index)
            await results.complete
        finally:
            self._requests -= 1
        return results.entries

    def close(self) -> None:
        """Wait for what is still in flight, at most FLUSH_SECONDS."""
        if "_producer" in vars(self):  # else no record has come, and none is made for this
            self._producer.flush(FLUSH_SECONDS)

    def _produce(self, topic: str, record: Record, results: "_Results", index: int) -> None:
        key, value = record.key, record.value
        size = len(key or b"") + len(value or b"")
        if size > self._max_record_bytes:
            results.settle(index, too_large(size, self._max_record_bytes))
            return
        try:
            report = partial(results.delivered, index, record.partition)
            self._producer.produce(topic, value, key, record.partition, report)
        except KafkaException as error:
            reason: KafkaError = error.args[0]
            results.settle(index, failed(reason, record.partition))
            if reason.code() == KafkaError._FATAL:
                self._give_up(reason)

    def _give_up(self, reason: KafkaError) -> None:
        """End the process: an idempotent producer never comes back from a fatal error, a new process does."""
        self._log.critical("the producer is lost, stopping", reason=reason.str())
        signal.raise_signal(signal.SIGTERM)


class _Results:
    """The results of one request's records, as they come in."""

    __slots__ = ("_missing", "complete", "entries")

    def __init__(self, count: int) -> None:
        self.entries = [Entry()] * count
        self.complete: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._missing = count

    def delivered(self, index: int, asked: int, error: KafkaError | None, message: Message) -> None:
        """The delivery report of one record, which asked for this partition or for any."""
        if error is None:
            self.settle(index, Entry(message.partition(), message.offset()))
        else:
            self.settle(index, failed(error, asked))

    def settle(self, index: int, entry: Entry) -> None:
        """The result of one record; after the last one the request can be answered."""
        self.entries[index] = entry
        self._missing -= 1
        if (
            not self._missing and not self.complete.done()
        ):  # done already: cancelled at the end of the process
            self.complete.set_result(None)
