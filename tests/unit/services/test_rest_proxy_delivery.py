"""Test the proxy's producer, by a stand-in for Kafka's client, and by the client and the broker it has built in."""

import asyncio
import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from common.settings import Settings
from services.rest_proxy.delivery import FLUSH_SECONDS, POLL_SECONDS, Deliverer, producer_config
from services.rest_proxy.records import ANY_PARTITION, Record
from services.rest_proxy.results import Entry
from stack.local.isolated import make_settings
from tests.unit.services.conftest import BuiltInKafka

RECORD = Record(None, b"1", ANY_PARTITION)


class HeldProducer:
    """Holds each record until the test reports it; refuses those of a partition that it does not know."""

    def __init__(self) -> None:
        self.reports: list[Any] = []
        self.polls = 0
        self.flushed: list[float] = []
        self.refusal = KafkaError(KafkaError._UNKNOWN_PARTITION)
        self.refused: set[int] = set()

    def produce(self, topic: str, value: bytes, key: bytes, partition: int, report: object) -> None:  # noqa: ARG002
        if partition in self.refused:
            raise KafkaException(self.refusal)
        self.reports.append(report)

    def poll(self, seconds: float) -> None:
        assert seconds == POLL_SECONDS
        self.polls += 1

    def flush(self, seconds: float) -> None:
        self.flushed.append(seconds)

    def report(self, offset: int, error: KafkaError | None = None) -> None:
        """Report the oldest record."""
        self.reports.pop(0)(error, SimpleNamespace(partition=lambda: 0, offset=lambda: offset))

    async def is_polled(self) -> bool:
        """Return whether the event loop polls: once a turn, after as many turns as begin or end a request."""
        for _ in range(10):
            await asyncio.sleep(0)
        before = self.polls
        for _ in range(10):
            await asyncio.sleep(0)
        assert self.polls - before in {0, 10}
        return self.polls > before


@pytest.fixture
def producer(monkeypatch: pytest.MonkeyPatch) -> HeldProducer:
    held = HeldProducer()
    monkeypatch.setattr("services.rest_proxy.delivery.Producer", lambda _: held)
    return held


@pytest.fixture
def deliverer(tmp_path: Path, producer: HeldProducer) -> Deliverer:  # noqa: ARG001 - the fixture replaces it
    return Deliverer(make_settings(tmp_path))


@pytest.fixture
def signals(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    raised: list[int] = []
    monkeypatch.setattr(signal, "raise_signal", raised.append)
    return raised


def test_kafka_is_polled_only_while_a_request_waits(deliverer: Deliverer, producer: HeldProducer) -> None:
    async def go() -> None:
        async with asyncio.TaskGroup() as tasks:
            background = tasks.create_task(deliverer.run())
            assert not await producer.is_polled()
            requests = [tasks.create_task(deliverer.send("t", [RECORD])) for _ in range(3)]
            for number, request in enumerate(requests[:2]):
                assert await producer.is_polled()
                producer.report(number)
                assert await request == [Entry(0, number)]
            assert await producer.is_polled()
            requests[2].cancel()
            assert not await producer.is_polled()
            producer.report(2)  # too late: nobody waits
            again = tasks.create_task(deliverer.send("t", [RECORD]))
            assert await producer.is_polled()
            producer.report(3)
            assert await again == [Entry(0, 3)]
            background.cancel()

    asyncio.run(go())


def test_a_request_is_answered_after_its_last_record(deliverer: Deliverer, producer: HeldProducer) -> None:
    async def go() -> None:
        request = asyncio.create_task(deliverer.send("t", [RECORD] * 3))
        for offset in range(3):
            await asyncio.sleep(0)
            assert not request.done()
            producer.report(offset)
        assert await request == [Entry(0, 0), Entry(0, 1), Entry(0, 2)]

    asyncio.run(go())


def test_a_partition_that_is_gone_is_retriable_where_the_record_asked_for_any(
    deliverer: Deliverer, producer: HeldProducer, signals: list[int]
) -> None:
    """The library may know it at once, or Kafka says so later."""
    records = [Record(None, b"1", partition) for partition in (ANY_PARTITION, 2)]

    async def go(*refused: int) -> list[int | None]:
        producer.refused = {*refused}
        request = asyncio.create_task(deliverer.send("t", records))
        await asyncio.sleep(0)
        while producer.reports:
            producer.report(0, producer.refusal)
        return [entry.error_code for entry in await request]

    assert asyncio.run(go()) == asyncio.run(go(ANY_PARTITION, 2)) == [50003, 50002]
    assert signals == []


def test_a_fatal_error_ends_the_process_and_says_why(
    deliverer: Deliverer, producer: HeldProducer, signals: list[int]
) -> None:
    producer.refused, producer.refusal = (
        {ANY_PARTITION},
        KafkaError(KafkaError._FATAL, "fenced", True),
    )
    with structlog.testing.capture_logs() as events:
        entries = asyncio.run(deliverer.send("topic", [RECORD]))
    assert [entry.error_code for entry in entries] == [50003]
    assert signals == [signal.SIGTERM]
    assert [(event["log_level"], event["service"], event["reason"]) for event in events] == [
        ("critical", "rest_proxy", "fenced")
    ]


def test_at_the_end_what_is_in_flight_has_a_bounded_time(
    deliverer: Deliverer, producer: HeldProducer
) -> None:
    async def stopped_amid_a_request() -> None:
        request = asyncio.create_task(deliverer.send("topic", [RECORD]))
        await asyncio.sleep(0)
        deliverer.close()
        producer.report(offset=0)
        await request

    asyncio.run(stopped_amid_a_request())
    assert producer.flushed == [FLUSH_SECONDS]


def test_where_no_record_came_the_end_makes_no_producer(deliverer: Deliverer, producer: HeldProducer) -> None:
    deliverer.close()
    assert producer.flushed == []


def settings_of(tmp_path: Path, kafka: BuiltInKafka, **values: object) -> Settings:
    return make_settings(
        tmp_path, KAFKA_BOOTSTRAP_SERVERS=kafka.address, KAFKA_SECURITY="plaintext", **values
    )


def produce(deliverer: Deliverer, *requests: list[Record], topic: str = "t") -> list[list[Entry]]:
    """Send these requests at once; what goes wrong in the background is raised here."""

    async def send() -> list[list[Entry]]:
        async with asyncio.TaskGroup() as tasks:
            background = tasks.create_task(deliverer.run())
            entries = await asyncio.gather(*(deliverer.send(topic, records) for records in requests))
            background.cancel()
        return entries

    return asyncio.run(send())


def test_each_record_gets_its_own_place_and_each_request_its_own_records(
    tmp_path: Path, built_in_kafka: BuiltInKafka
) -> None:
    first = [Record(None, b"a", 0), Record(b"k", b"b", 3), Record(b"k", None, 0)]
    entries = produce(Deliverer(settings_of(tmp_path, built_in_kafka)), first, [Record(None, b"c", 3)])
    assert entries == [[Entry(0, 0), Entry(3, 0), Entry(0, 1)], [Entry(3, 1)]]
    assert built_in_kafka.records("t", 4) == {
        (0, 0): (None, b"a"),
        (3, 0): (b"k", b"b"),
        (0, 1): (b"k", None),
        (3, 1): (None, b"c"),
    }


def test_a_key_goes_to_the_partition_of_java_clients(tmp_path: Path, built_in_kafka: BuiltInKafka) -> None:
    # Kafka's own test vectors of its hash (murmur2): key -> hash.
    hashes = {
        b"21": -973932308,
        b"foobar": -790332482,
        b"a-little-bit-long-string": -985981536,
        b"a-little-bit-longer-string": -1486304829,
        b"abc": 479470107,
    }
    records = [Record(key, b"v", ANY_PARTITION) for key in hashes]
    [entries] = produce(Deliverer(settings_of(tmp_path, built_in_kafka)), records)
    assert [entry.partition for entry in entries] == [
        (value & 0x7FFFFFFF) % built_in_kafka.PARTITIONS for value in hashes.values()
    ]


def test_a_record_over_the_limit_fails_alone(tmp_path: Path, built_in_kafka: BuiltInKafka) -> None:
    settings = settings_of(tmp_path, built_in_kafka)
    limit = settings.rest_proxy.max_record_bytes
    value = b"v" * (limit - 3)
    records = [
        Record(b"key", value, 1),
        Record(b"long", value, 1),
        Record(None, value + b"four", 1),
        Record(b"k" * (limit + 1), None, 1),
        Record(None, b"v", 1),
    ]
    [entries] = produce(Deliverer(settings), records)
    refused = Entry(error_code=50002, error=f"Key and value have {limit + 1} bytes; the limit is {limit}")
    assert entries == [Entry(1, 0), refused, refused, refused, Entry(1, 1)]


def test_a_record_makes_no_topic_and_is_given_up_in_time(
    tmp_path: Path, built_in_kafka: BuiltInKafka
) -> None:
    settings = settings_of(tmp_path, built_in_kafka, REST_PROXY_DELIVERY_TIMEOUT_SECONDS=0.2)
    [[entry]] = produce(Deliverer(settings), [RECORD], topic="none")
    assert (entry.error_code, entry.error) == (50003, "Local: Message timed out")
    assert built_in_kafka.topics() == {"t"}


def test_the_budget_alone_bounds_what_waits_for_kafka(tmp_path: Path) -> None:
    """Without a broker all that the budget allows, and one record more, is taken; the library raises if it is full."""
    settings = make_settings(tmp_path)
    producer = Producer(producer_config(settings) | {"log_level": 0})
    value = bytes(settings.rest_proxy.queue_bytes // settings.rest_proxy.queue_records)
    for _ in range(settings.rest_proxy.queue_records + 1):
        producer.produce("t", value)
    producer.purge()


def test_records_are_written_once_in_order_and_without_a_wait(tmp_path: Path) -> None:
    config = producer_config(make_settings(tmp_path, REST_PROXY_DELIVERY_TIMEOUT_SECONDS=1.5))
    assert (config["enable.idempotence"], config["acks"]) == (True, "all")
    # One batch at a time gathers the next records: docs/adr/0007-rest-proxy-produce-path.md.
    assert (config["linger.ms"], config["max.in.flight"]) == (0, 1)
    assert config["message.timeout.ms"] == 1500
