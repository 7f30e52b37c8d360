"""Share between the S3 sink's tests: an isolated user, load, an S3 with faults, and the check of the landing zone."""

import http
import json
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition

from common.clients import s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.landing import ROOT_PREFIX, parse_key
from contracts.tables import TABLES
from services.provision.kafka_rights import ensure_rights
from services.provision.topics import ensure_topics
from stack.local.isolated import START_SECONDS, ServiceProcess, make_settings
from tests.integration.forwarding_server import Answer, ForwardingServer, Request
from tests.kafka_clients import as_user, broker_of

Partition = tuple[str, int]

# After a kill -9 the group frees the partitions in 6 s; five times that for a machine that is busy with other tests.
TIMEOUT_SECONDS = 60.0


def isolated_user(
    servers: Settings, folder: Path, topics: bool = True, granted: bool = True, **values: object
) -> Settings:
    """Settings of a user of their own on the session's servers, with its rights and topics and with small objects."""
    defaults: dict[str, object] = {
        **broker_of(servers),
        "AWS_ENDPOINT_URL": servers.aws.endpoint_url,
        "KAFKA_PARTITIONS": 2,
        "S3_SINK_FLUSH_RECORDS": 400,
        "S3_SINK_FLUSH_SECONDS": 0.5,
    }
    settings = make_settings(folder, **{**defaults, **values})
    if granted:
        ensure_rights(settings)
    if topics:
        assert ensure_topics(settings) == []
    return settings


def sink(settings: Settings, folder: Path, name: str = "sink", endpoint: str | None = None) -> ServiceProcess:
    """An instance of the sink; each name has its own state folder and log."""
    overrides = {"STATE_DIR": str(folder / name), "AWS_ENDPOINT_URL": endpoint or settings.aws.endpoint_url}
    (folder / name).mkdir(exist_ok=True)
    return ServiceProcess(settings, "services.s3_sink", log=folder / f"{name}.log", env=overrides)


def status(folder: Path, name: str = "sink") -> dict[str, Any]:
    """The instance's state file, empty before it is written."""
    path = folder / name / "run" / "s3-sink.json"
    state: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {"partitions": []}
    return state


def open_partitions(folder: Path, name: str = "sink") -> int:
    """Return how many partitions the instance lands now."""
    return sum(partition["next"] is not None for partition in status(folder, name)["partitions"])


def buffered(folder: Path, name: str = "sink") -> int:
    """Return how many records the instance holds in memory."""
    return sum(partition["buffered"] for partition in status(folder, name)["partitions"])


def produce(settings: Settings, values: Iterable[bytes | None], **options: object) -> None:
    """Send values round robin to all partitions of all topics; returns when they are acknowledged."""
    producer = Producer({**as_user(settings), "linger.ms": 5, **options})
    partitions = all_partitions(settings)
    for number, value in enumerate(values):
        topic, partition = partitions[number % len(partitions)]
        producer.produce(topic, value=value, partition=partition)
        producer.poll(0)
    assert producer.flush(START_SECONDS) == 0  # a test may just have started the broker


def all_partitions(settings: Settings) -> list[Partition]:
    return [(settings.topic(table), p) for table in TABLES for p in range(settings.kafka.partitions)]


def posts(first: int, count: int) -> Iterator[bytes]:
    """JSON values, each different."""
    return (b'{"ind": %d, "title": "a post", "n": 1.10}' % number for number in range(first, first + count))


@contextmanager
def load(settings: Settings, rate: int = 4000) -> Iterator[None]:
    """Records all the time, about `rate` a second."""
    stop = threading.Event()

    def run() -> None:
        batch = rate // 20
        for number in range(10**6):
            if stop.wait(0.05):
                return
            produce(settings, posts(number * batch, batch))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def in_kafka(settings: Settings) -> dict[Partition, dict[int, bytes | None]]:
    """Every record of every partition: offset -> value, as Kafka tells a reader that is not the sink."""
    consumer = Consumer(
        {
            **as_user(settings),
            "group.id": "truth",
            "enable.partition.eof": True,
        }
    )
    partitions = all_partitions(settings)
    records: dict[Partition, dict[int, bytes | None]] = {partition: {} for partition in partitions}
    consumer.assign([TopicPartition(*partition, OFFSET_BEGINNING) for partition in partitions])
    reading = set(partitions)
    while reading:
        for message in consumer.consume(1000, 0.2):
            partition = cast(Partition, (message.topic(), message.partition()))
            if error := message.error():
                assert error.code() == KafkaError._PARTITION_EOF, error
                reading.discard(partition)
            else:
                records[partition][cast(int, message.offset())] = message.value()
    consumer.close()
    return records


def landed_keys(settings: Settings) -> list[str]:
    """The keys of all landed objects, in order; none while there is no bucket."""
    s3 = s3_client(settings)
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix=ROOT_PREFIX)
    try:
        return [item["Key"] for page in pages for item in page.get("Contents", [])]
    except s3.exceptions.NoSuchBucket:
        return []


def in_landing_zone(settings: Settings) -> dict[Partition, dict[int, bytes]]:
    """Every line: offset -> line without its newline; fails where two objects hold one offset."""
    found: defaultdict[Partition, dict[int, bytes]] = defaultdict(dict)
    s3 = s3_client(settings)
    for key in landed_keys(settings):
        name = parse_key(key)
        body = s3.get_object(Bucket=settings.bucket, Key=key)["Body"].read()
        assert not body or body.endswith(b"\n"), key
        lines = found[name.topic, name.partition]
        for offset, line in enumerate(body.split(b"\n")[:-1], start=name.start):
            assert offset not in lines, f"offset {offset} is in {key} and in an object before it"
            lines[offset] = line
    return found


def assert_exactly_once(settings: Settings) -> int:
    """Each record of Kafka is in the landing zone, once, at its offset, byte for byte; returns how many."""
    expected, landed = in_kafka(settings), in_landing_zone(settings)
    for partition, records in expected.items():
        assert landed.get(partition, {}) == records, partition
    return sum(map(len, expected.values()))


def wait_landed(settings: Settings, timeout: float = TIMEOUT_SECONDS) -> None:
    """Return when the landing zone has as many lines as Kafka has records."""
    total = sum(map(len, in_kafka(settings).values()))
    wait_until(
        lambda: sum(map(len, in_landing_zone(settings).values())) >= total,
        timeout=timeout,
        interval=0.3,
        what=f"{total} records to land",
    )


def bucket_exists(settings: Settings) -> bool:
    return settings.bucket in [bucket["Name"] for bucket in s3_client(settings).list_buckets()["Buckets"]]


class FaultyS3(ForwardingServer):
    """S3 that can refuse, fail, and act around puts."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.aws.endpoint_url)
        self.failing = False
        self.before_put: Callable[[], None] = lambda: None
        self.after_put: Callable[[], None] = lambda: None  # S3 has it, the sink does not know yet

    def answer(self, request: Request) -> Answer:
        """Answer as S3 does, or fail."""
        is_object = request.method == "PUT" and "/" in request.path.strip("/")
        if self.failing:
            return Answer(500, [], b"")
        if is_object:
            self.before_put()
        answer = self.forward(request)
        if is_object and answer.status == http.HTTPStatus.OK:
            self.after_put()
        return answer
