"""Records per second that the S3 sink lands, against one object per record on the same S3.

Needs a running Kafka and LocalStack (`make up`). Works as a user of its own, whose topics and bucket are deleted at
the end. The sink is a process of its own; posts have 735 bytes, the mean of the real ones.
"""

import multiprocessing
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import typer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient

from bench.ingest import PARTITIONS, post
from bench.report import Row, report
from bench.running import running_stack
from common.clients import s3_client
from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal
from contracts.tables import TABLES
from services.provision.bucket import ensure_bucket
from services.provision.kafka_rights import ensure_rights
from services.provision.topics import ensure_topics
from services.s3_sink.sink import Sink
from services.s3_sink.status import Status
from services.s3_sink.zone import LandingZone, PartitionEnd

PACKAGES = ("confluent-kafka", "boto3", "msgspec")
EMULATED, EMULATED_SECONDS = 33_462, 5.0  # what the emulator sends, and in what time


class Landed(NamedTuple):
    """The result of a run of the sink."""

    records: int
    objects: int
    seconds: float  # from the first look into the bucket to the last object


def main(records: int = 500_000, single: int = 1_000, write: bool = False) -> None:
    """Measure and print.

    Args:
        records: records that wait in Kafka when the sink starts.
        single: objects of one record that are put for the baseline.
        write: put the table into docs/benchmarks.md.
    """
    with fresh_user(running_stack("kafka", "localstack")) as settings:
        baseline = one_object_a_record(settings, single)
        produce(settings, records)
        waiting = land(settings, records)
        live = land(settings, EMULATED, live=True)
        rate = waiting.records / waiting.seconds
        rows = [
            Row("one object a record", baseline, "records/s"),
            Row("the sink, records waiting", rate, "records/s", baseline, aim=100),
            Row("the sink, records waiting", waiting.records / waiting.objects, "records/object", aim=1000),
            Row("the sink, as the emulator sends", live.records / live.objects, "records/object", aim=1000),
        ]
    report("Landing in S3", rows, packages=PACKAGES, write=write)


@contextmanager
def fresh_user(settings: Settings, partitions: int = PARTITIONS) -> Iterator[Settings]:
    """The settings of a user of this run, with topics and bucket, which are deleted at the end."""
    with TemporaryDirectory() as folder:
        user = settings.replace(
            USER_ID=f"bench{secrets.token_hex(4)}", STATE_DIR=Path(folder), KAFKA_PARTITIONS=partitions
        )
        ensure_rights(user)
        ensure_topics(user)
        ensure_bucket(user)
        try:
            yield user
        finally:
            empty_bucket(user)
            s3_client(user).delete_bucket(Bucket=user.bucket)
            admin = AdminClient(client_options(user, Principal.USER))
            for request in admin.delete_topics([user.topic(table) for table in TABLES]).values():
                request.result()


def empty_bucket(settings: Settings) -> None:
    """Delete all objects."""
    s3 = s3_client(settings)
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket):
        if keys := [item["Key"] for item in page.get("Contents", [])]:
            s3.delete_objects(Bucket=settings.bucket, Delete={"Objects": [{"Key": key} for key in keys]})


def one_object_a_record(settings: Settings, count: int) -> float:
    """Records per second of one connection that puts an object for each."""
    s3 = s3_client(settings)
    body = post() + b"\n"
    s3.put_object(Bucket=settings.bucket, Key="single/first", Body=body)
    begin = time.perf_counter()
    for number in range(count):
        s3.put_object(Bucket=settings.bucket, Key=f"single/{number:010d}", Body=body)
    return count / (time.perf_counter() - begin)


def produce(settings: Settings, count: int, seconds: float = 0.0, partitions: int | None = None) -> None:
    """Send posts to all partitions, or to so many of them, in turn, spread over `seconds`."""
    producer = Producer({**client_options(settings, Principal.USER), "linger.ms": 5})
    numbers = range(settings.kafka.partitions)
    places = [(settings.topic(table), number) for table in TABLES for number in numbers][:partitions]
    value = post()
    begin = time.perf_counter()
    for number in range(count):
        topic, partition = places[number % len(places)]
        while producer.poll(0) or len(producer) > 50_000:
            time.sleep(0.001)
        producer.produce(topic, value, partition=partition)
        if number % 500 == 0:
            time.sleep(max(begin + seconds * number / count - time.perf_counter(), 0))
    producer.flush()


def land(settings: Settings, count: int, *, live: bool = False) -> Landed:
    """Run the sink until it has landed `count` more records, sent before or, `live`, meanwhile."""
    sender = threading.Thread(target=produce, args=(settings, count, EMULATED_SECONDS))
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        result = pool.apply_async(run_sink, (settings, count))
        if live:
            sender.start()
            sender.join()
        return result.get()


def run_sink(settings: Settings, count: int) -> Landed:
    """Run the sink in this process until it has landed `count` records."""
    stop = threading.Event()
    zone = CountingZone(settings, count, stop)
    Sink(settings, zone, Status(settings.state_dir / "s3-sink.json"), stop).run()
    return Landed(zone.records, zone.objects, zone.ended - zone.began)


class CountingZone(LandingZone):
    """A landing zone that counts what is put, and stops the sink when it is enough."""

    def __init__(self, settings: Settings, count: int, stop: threading.Event) -> None:
        super().__init__(settings)
        self.records = self.objects = 0
        self.began = self.ended = 0.0
        self._count = count
        self._stop = stop

    def tail(self, topic: str, partition: int) -> PartitionEnd:
        """The end of the chain; the first question starts the clock."""
        self.began = self.began or time.perf_counter()
        return super().tail(topic, partition)

    def append(self, topic: str, partition: int, tail: PartitionEnd, body: bytes, end: int) -> PartitionEnd:
        """Put an object and count it."""
        appended = super().append(topic, partition, tail, body, end)
        self.objects += 1
        self.records += end - tail.next
        self.ended = time.perf_counter()
        if self.records >= self._count:
            self._stop.set()
        return appended


if __name__ == "__main__":
    typer.run(main)
