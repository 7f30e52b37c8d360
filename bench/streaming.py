"""Measure a record's time from its source to Postgres through the streaming writer, and the writer's memory.

Starts Kafka, LocalStack, Postgres and the writer of its own, so that nobody's data are touched.
"""

import io
import itertools
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import msgspec
import psutil
import typer
from confluent_kafka import Consumer, KafkaError, Message, Producer

from bench.report import Row, report
from common import health
from common.clients import kinesis_client, postgres_connection
from common.kafka_security import client_options
from common.settings import Settings
from common.wait import wait_until
from contracts.kafka_access import Principal
from contracts.tables import TABLES
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.provision.kafka_rights import ensure_rights
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_pin_topics
from services.source.generator import generate
from stack.local.isolated import ServiceProcess, launch_server, make_settings

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

PACKAGES = ("pyspark", "delta-spark", "pyarrow", "psycopg2-binary", "boto3", "confluent-kafka")
SECONDS = 60
# The JVM compiles what runs often; Spark's first micro-batches take ten times what later ones do. Few posts for the
# streams: LocalStack's Kinesis gets slower with each record that it holds.
WARM_UP_SECONDS = 90
STREAM_LOW_RATE = 5
TOPIC_WARM_UP_SECONDS = 20
TICK = 0.1  # what is due in it is sent together
STREAM_RATE = 50  # posts a second, each a record in three streams
TOPIC_RATES = (1_000, 5_000)
TOPIC_AIMS = ((0.15, 0.3), (0.3, 0.5))  # seconds: p50 and p95 at each of these rates
TRIED_RATES = (10_000, 15_000, 20_000)
HELD_LAG_SECONDS = 3.0  # older than that at the end: the writer does not keep up
_WATCH_SECONDS = 0.005

Position = tuple[int, int]


@dataclass
class Watch:
    """The times at which records were sent and first seen in Postgres; seconds of one clock."""

    sent: dict[Position, float] = field(default_factory=dict)
    seen: list[tuple[float, int, int]] = field(default_factory=list)  # when, partition, last number there

    def latencies(self) -> list[float]:
        """Seconds of each record, in no order; one that was never seen is an error."""
        waiting = sorted(self.sent.items(), key=lambda item: item[0])
        by_partition = {
            key: list(group) for key, group in itertools.groupby(waiting, lambda item: item[0][0])
        }
        found = []
        for partition, records in by_partition.items():
            sightings = iter([(at, last) for at, where, last in self.seen if where == partition])
            at, last = next(sightings)
            for (_, number), sent in records:
                while last < number:
                    at, last = next(sightings)
                found.append(at - sent)
        return found


def main(
    memory_minutes: Annotated[int, typer.Option(help="Of load under which its memory is watched.")] = 10,
    write: Annotated[bool, typer.Option(help="Put the figures into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print."""
    with stack() as (settings, writer):
        rows = [
            *kinesis_latency(settings),
            *kafka_latencies(settings),
            *memory(settings, writer, memory_minutes),
        ]
    report("Streaming: from the source to Postgres", rows, packages=PACKAGES, write=write)


@contextmanager
def stack() -> Iterator[tuple[Settings, ServiceProcess]]:
    """The servers and the writer, healthy, in a folder that is removed at the end."""
    with servers(partitions=3) as (settings, _):
        log = settings.state_dir / "writer.log"
        with ServiceProcess(settings, "spark_jobs.streaming", log=log) as writer:
            writer.wait_healthy(lambda: health.problem("streaming-writer", settings) is None)
            yield settings, writer


@contextmanager
def servers(partitions: int) -> Iterator[tuple[Settings, dict[str, int]]]:
    """Kafka, LocalStack and Postgres, with all that is in them, and their processes by name."""
    with TemporaryDirectory() as folder, ExitStack() as running:
        settings = make_settings(Path(folder), KAFKA_PARTITIONS=partitions)
        names = ("kafka", "localstack", "postgres")
        pids = {name: launch_server(running, settings, name).pid for name in names}
        ensure_schema(settings)
        ensure_bucket(settings)
        ensure_streams(settings)
        ensure_rights(settings)
        ensure_pin_topics(settings)
        yield settings, pids


def kinesis_latency(settings: Settings) -> list[Row]:
    """From the call of PutRecords to the row in speed.pin."""
    watch, send = Watch(), to_streams(settings)
    paced(send, STREAM_LOW_RATE, WARM_UP_SECONDS, Watch())
    with watched(settings, "pinterest", "SELECT 0, max(ind) FROM speed.pin", watch):
        paced(send, STREAM_RATE, SECONDS, watch)
        wait_seen(watch)
    return percentiles(f"Kinesis, {STREAM_RATE} posts/s", watch.latencies(), p95=1.2)


def kafka_latencies(settings: Settings) -> list[Row]:
    """From `produce` to the row in experimental_data; first through a consumer that only copies, the floor."""
    floor = Watch()
    with bare_consumer(settings):
        measure_topic(settings, TOPIC_RATES[0], floor, "bare_copy")
    base = sorted(floor.latencies())[len(floor.sent) // 2]
    rows = [Row(f"consumer and COPY, {TOPIC_RATES[0]:,} records/s: p50", base, "s")]
    for rate, (p50, p95) in zip(TOPIC_RATES, TOPIC_AIMS, strict=True):
        watch = Watch()
        measure_topic(settings, rate, watch, "experimental_data")
        rows += percentiles(f"Kafka, {rate:,} records/s", watch.latencies(), base, p50=p50, p95=p95)
    return [
        *rows,
        Row("Kafka, highest rate tried that was held for 60 s", highest_rate(settings), "records/s"),
    ]


def highest_rate(settings: Settings) -> float:
    """The last of the tried rates at whose end no record waited longer than HELD_LAG_SECONDS."""
    held = float(TOPIC_RATES[-1])
    for rate in TRIED_RATES:
        watch = Watch()
        achieved = measure_topic(settings, rate, watch, "experimental_data", warm_up=0)
        newest = sorted(watch.sent)[-rate:]
        late = Watch({position: watch.sent[position] for position in newest}, watch.seen).latencies()
        if max(late) > HELD_LAG_SECONDS:
            return held
        held = achieved
    return held


def measure_topic(
    settings: Settings, rate: int, watch: Watch, table: str, warm_up: int = TOPIC_WARM_UP_SECONDS
) -> float:
    """Send at a rate and note when the rows are there; returns the rate that was sent."""
    send = to_topic(settings)
    paced(send, rate, warm_up, Watch())
    newest = (  # by the key: a look over all rows would be the slower the more there are
        f'SELECT p, (SELECT max("offset") FROM {table} WHERE topic = %s AND partition = p)'  # noqa: S608 - our own name
        f" FROM generate_series(0, {settings.kafka.partitions - 1}) AS p"
    )
    with watched(settings, "pinterest_streaming", newest, watch, settings.rest_proxy.pin_streaming_topic):
        began = time.perf_counter()
        paced(send, rate, SECONDS, watch)
        achieved = len(watch.sent) / (time.perf_counter() - began)
        wait_seen(watch)
    return achieved


def paced(send: Callable[[int, Watch], None], rate: int, seconds: float, watch: Watch) -> None:
    """Call `send` each TICK with how many are due; returns when all is acknowledged."""
    begin, done = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - begin) < seconds:
        due = int(rate * elapsed) + 1 - done
        send(due, watch)
        done += due
        time.sleep(max(0.0, TICK - (time.perf_counter() - begin - elapsed)))
    send(0, watch)


def to_streams(settings: Settings) -> Callable[[int, Watch], None]:
    """Sends the next posts to the three streams; number of a post is its ind."""
    client, encode = kinesis_client(settings), msgspec.json.encode
    posts = {table: itertools.chain.from_iterable(generate(table, 100_000, 42)) for table in TABLES}

    def send(count: int, watch: Watch) -> None:
        for table in reversed(TABLES) if count else ():  # pin last: it is the one that is looked for
            rows = list(itertools.islice(posts[table], count))
            entries = [{"Data": encode(row), "PartitionKey": str(number)} for number, row in enumerate(rows)]
            now = time.perf_counter()
            answer = client.put_records(StreamName=settings.stream(table), Records=entries)  # type: ignore[arg-type]
            assert answer["FailedRecordCount"] == 0
            if table == "pin":
                watch.sent.update({(0, msgspec.structs.astuple(row)[0]): now for row in rows})

    return send


def to_topic(settings: Settings) -> Callable[[int, Watch], None]:
    """Sends posts to Kafka's topic; number of a post is its offset."""
    producer = Producer({**client_options(settings, Principal.USER), "acks": "all", "linger.ms": 1})
    block = next(iter(generate("pin", 10_000, 42)))
    values = itertools.cycle([msgspec.json.encode(row) for row in block])

    def send(count: int, watch: Watch) -> None:
        now = time.perf_counter()

        def delivered(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            watch.sent[message.partition(), message.offset()] = now  # type: ignore[index]

        for value in itertools.islice(values, count):
            producer.produce(settings.rest_proxy.pin_streaming_topic, value, on_delivery=delivered)
            producer.poll(0)
        if not count:
            producer.flush(60)

    return send


@contextmanager
def watched(settings: Settings, database: str, newest: str, watch: Watch, *values: str) -> Iterator[None]:
    """While it lasts, the query's (partition, last number) are noted whenever they have grown."""
    stop = threading.Event()

    def look() -> None:
        last: dict[int, int] = {}
        with closing(postgres_connection(settings, database=database)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                while not stop.wait(_WATCH_SECONDS):
                    cursor.execute(newest, values)
                    for partition, number in cursor.fetchall():
                        if number is not None and number > last.get(partition, -1):
                            last[partition] = number
                            watch.seen.append((time.perf_counter(), partition, number))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_seen(watch: Watch) -> None:
    """Until the newest record of each partition has been seen."""
    newest = dict(sorted(watch.sent))

    def all_seen() -> bool:
        seen = {partition: number for _, partition, number in list(watch.seen)}
        return all(seen.get(partition, -1) >= number for partition, number in newest.items())

    wait_until(all_seen, timeout=300, what="the last records in Postgres", interval=0.05)


@contextmanager
def bare_consumer(settings: Settings) -> Iterator[None]:
    """A consumer that copies each record's place into a table: no cleaning, no exactly-once."""
    stop = threading.Event()
    with closing(postgres_connection(settings, database="pinterest_streaming")) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute("CREATE UNLOGGED TABLE bare_copy (LIKE experimental_data INCLUDING ALL)")
        thread = threading.Thread(target=_copy_until, args=(settings, connection, stop))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join()


def _copy_until(settings: Settings, connection: "PostgresConnection", stop: threading.Event) -> None:
    consumer = Consumer(
        {
            **client_options(settings, Principal.USER),
            "group.id": "bench",
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([settings.rest_proxy.pin_streaming_topic])
    while not stop.is_set():
        records = consumer.consume(5_000, 0.05)
        if records:
            rows = "".join(f"{each.topic()}\t{each.partition()}\t{each.offset()}\n" for each in records)
            with connection, connection.cursor() as cursor:
                cursor.copy_from(io.StringIO(rows), "bare_copy", columns=("topic", "partition", "offset"))
    consumer.close()


def memory(settings: Settings, writer: ServiceProcess, minutes: int) -> list[Row]:
    """Return what the writer and its Python workers hold under both loads, after a fifth of the time and at its end.

    The streams get few posts: at STREAM_RATE LocalStack's Kinesis answers no more after some minutes.
    """
    watch, sizes = Watch(), []
    process = psutil.Process(writer.pid)
    streams, topic = to_streams(settings), to_topic(settings)
    with ThreadPoolExecutor() as pool:
        loads = [
            pool.submit(paced, streams, STREAM_LOW_RATE, minutes * 60, watch),
            pool.submit(paced, topic, TOPIC_RATES[0], minutes * 60, watch),
        ]
        while wait(loads, timeout=5).not_done:
            sizes.append(_held(process))
        for load in loads:
            load.result()  # one that failed is an error
    early, late = sizes[len(sizes) // 5 :][:12], sizes[-12:]
    return [
        Row(
            f"memory at the end of {minutes} minutes of load; baseline: after a fifth of them",
            sum(late) / len(late) / 1024**2,
            "MiB",
            sum(early) / len(early) / 1024**2,
            aim=1.1,
            better="lower",
        )
    ]


def _held(process: psutil.Process) -> int:
    """Bytes that the process and its children have for themselves alone."""
    total = 0
    for each in (process, *process.children(recursive=True)):
        try:
            total += each.memory_full_info().uss
        except psutil.NoSuchProcess:
            continue
    return total


def percentiles(
    what: str,
    latencies: Sequence[float],
    base: float | None = None,
    p50: float | None = None,
    p95: float | None = None,
) -> list[Row]:
    """Three rows; an aim is of the value, so the baseline is in a row of its own."""
    cuts = quantiles(latencies, n=100)
    rows = [
        Row(f"{what}: p50", cuts[49], "s", aim=p50, better="lower"),
        Row(f"{what}: p95", cuts[94], "s", aim=p95, better="lower"),
        Row(f"{what}: p99", cuts[98], "s", better="lower"),
    ]
    return rows if base is None else [*rows, Row(f"{what}: p50 against the bare copy", cuts[49], "s", base)]


if __name__ == "__main__":
    typer.run(main)
