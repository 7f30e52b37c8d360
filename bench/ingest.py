"""Records per second through the REST proxy, against a raw producer that waits for its acknowledgements.

Needs a running Kafka and proxy (`make up`). Posts of 735 bytes, the mean of the real ones. The producer, the
proxy and each client connection are processes of their own; the clients send requests made beforehand.
"""

import json
import multiprocessing
import socket
import statistics
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, TypeVar

import typer
from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.report import Row, report
from bench.running import running_stack
from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal
from services.rest_proxy.delivery import producer_config
from services.rest_proxy.records import JSON_TYPE

Result = TypeVar("Result")

POST_BYTES = 735
PARTITIONS = 3
PACKAGES = ("confluent-kafka", "fastapi", "uvicorn", "uvloop", "httptools", "msgspec")


@dataclass(frozen=True)
class Load:
    """The load of one client connection: `requests` requests, one after the other, of `size` records."""

    address: tuple[str, int]
    topic: str
    size: int
    requests: int


@dataclass(frozen=True)
class Sent:
    """The result of a load: records per second of all connections together, and each request's seconds."""

    rate: float
    seconds: list[float]

    def percentile(self, percent: int) -> float:
        """A percentile of the requests' time in milliseconds."""
        return statistics.quantiles(self.seconds, n=100)[percent - 1] * 1000


def main(
    records: Annotated[int, typer.Option(help="With 500 a request, and by the raw producer.")] = 100_000,
    requests: Annotated[int, typer.Option(help="With one record each.")] = 4_000,
    rounds: Annotated[int, typer.Option(help="Each measurement is taken so often; the best counts.")] = 3,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print."""
    settings = running_stack("kafka", "rest-proxy")
    raw: list[float] = []
    batches: dict[int, list[Sent]] = {1: [], 4: []}
    singles: dict[int, list[Sent]] = {1: [], 4: []}
    with fresh_topic(settings) as topic:
        # The rounds take turns, so that whatever else the machine does meets baseline and proxy alike.
        for _ in range(rounds):
            raw.append(in_process(produce_raw, settings, topic, records))
            for connections in (1, 4):
                batches[connections].append(through_proxy(settings, topic, connections, 500, records // 500))
                singles[connections].append(through_proxy(settings, topic, connections, 1, requests))
    rows = [Row("raw producer", max(raw), "records/s")]
    for connections, sent in batches.items():
        what = f"500 a request, connections: {connections}"
        aim = 0.55 if connections == 1 else None
        rows.append(Row(what, max(s.rate for s in sent), "records/s", max(raw), aim=aim))
    for connections, sent in singles.items():
        what = f"1 a request, connections: {connections}"
        aim = 0.3 if connections == 1 else None
        rows.append(Row(what, max(s.rate for s in sent), "records/s", max(raw)))
        rows.append(Row(f"{what}, p50", min(s.percentile(50) for s in sent), "ms", aim=aim, better="lower"))
        rows.append(Row(f"{what}, p95", min(s.percentile(95) for s in sent), "ms"))
    report("Ingest through the REST proxy", rows, packages=PACKAGES, write=write)


@contextmanager
def fresh_topic(settings: Settings) -> Iterator[str]:
    """A topic of this run, deleted at the end."""
    admin = AdminClient(client_options(settings, Principal.USER))
    topic = f"bench-ingest-{uuid.uuid4().hex[:8]}"
    admin.create_topics([NewTopic(topic, PARTITIONS, 1)])[topic].result()
    try:
        yield topic
    finally:
        admin.delete_topics([topic])[topic].result()


def post() -> bytes:
    """A JSON value of POST_BYTES bytes."""
    empty = json.dumps({"index": 7528, "description": ""})
    return json.dumps({"index": 7528, "description": "x" * (POST_BYTES - len(empty))}).encode()


def produce_raw(settings: Settings, topic: str, records: int) -> float:
    """Records per second of the proxy's producer alone, all acknowledged.

    It fills its batches, and has as many of them on their way as an idempotent producer may.
    """
    acknowledged = 0

    def delivered(error: object, _message: object) -> None:
        nonlocal acknowledged
        acknowledged += error is None

    producer = Producer({**producer_config(settings), "linger.ms": 5, "max.in.flight": 5})
    value = post()
    producer.produce(topic, value, on_delivery=delivered)
    producer.flush()
    begin = time.perf_counter()
    for number in range(records):
        producer.produce(topic, value, on_delivery=delivered)
        if number % 500 == 0:
            producer.poll(0)
    producer.flush()
    seconds = time.perf_counter() - begin
    if acknowledged != records + 1:
        raise RuntimeError(f"{acknowledged - 1} of {records} records acknowledged")
    return records / seconds


def in_process(function: Callable[..., Result], *arguments: object) -> Result:
    """Call the function in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(function, arguments)


def through_proxy(settings: Settings, topic: str, connections: int, size: int, requests: int) -> Sent:
    """Send `requests` requests in all of `size` records each, over so many connections at once."""
    address = (settings.rest_proxy.host, settings.rest_proxy.port)
    loads = [Load(address, topic, size, requests // connections)] * connections
    with multiprocessing.get_context("spawn").Pool(connections) as pool:
        pool.map(client, [Load(address, topic, size, 3)] * connections, chunksize=1)
        begin = time.perf_counter()
        seconds = pool.map(client, loads, chunksize=1)
        elapsed = time.perf_counter() - begin
    records = sum(load.requests * load.size for load in loads)
    return Sent(records / elapsed, [s for part in seconds for s in part])


def client(load: Load) -> list[float]:
    """Send the load over one connection; each request's seconds. A record not acknowledged is an error."""
    records = b",".join([b'{"value":' + post() + b"}"] * load.size)
    body = b'{"records":[' + records + b"]}"
    head = f"POST /topics/{load.topic} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {JSON_TYPE}\r\n"
    request = f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body
    seconds = []
    with socket.create_connection(load.address, timeout=30) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(load.requests):
            begin = time.perf_counter()
            connection.sendall(request)
            answer = read_answer(connection)
            seconds.append(time.perf_counter() - begin)
            if answer.count(b'"error_code":null') != load.size:
                raise RuntimeError(f"not all acknowledged: {answer[:500]!r}")
    return seconds


def read_answer(connection: socket.socket) -> bytes:
    """One HTTP answer with a Content-Length, header and body."""
    data = b""
    expected = None
    while expected is None or len(data) < expected:
        chunk = connection.recv(1 << 18)
        if not chunk:
            raise ConnectionError(f"closed after {data[:500]!r}")
        data += chunk
        head, found, _ = data.partition(b"\r\n\r\n")
        if expected is None and found:
            length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
            expected = len(head) + 4 + int(length)
    return data


if __name__ == "__main__":
    typer.run(main)
