"""Send requests with a few bytes changed to a REST proxy: nothing but errors of the caller, and nothing lost.

Starts a Kafka and a proxy of its own. Whatever the bytes are, each request is to be answered, by no server error but
503, and each record that is acknowledged is to be in Kafka, once. The proxy's memory must not grow with them.
"""

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import psutil
import typer
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.mutations import mutated, requests
from bench.proxy import launch_proxy
from bench.raw_http import FILLING_BYTES, exchange_all
from bench.report import Row, report
from bench.seen import Seen
from common.kafka_security import client_options
from common.settings import Settings
from contracts.kafka_access import Principal
from stack.local.isolated import launch_server, make_settings

PARTITIONS = 3
TOPIC = "mutated"
# More at a time keep more than one core busy with the sending.
CONNECTIONS = 32
PACKAGES = ("uvicorn", "httptools", "starlette", "msgspec")

Place = tuple[str, int, int]  # topic, partition, offset


def acknowledged(body: bytes) -> Iterator[Place]:
    """Yield the places that an answer of status 200 acknowledges."""
    if body.startswith(b'{"offsets"'):
        for entry in json.loads(body)["offsets"]:
            if entry.get("error_code") is None:
                yield entry.get("topic", TOPIC), entry["partition"], entry["offset"]


def main(
    count: Annotated[int, typer.Option("--requests", help="How many are sent.")] = 100_000,
    seed: Annotated[int | None, typer.Option(help="Sends what an earlier run with it sent.")] = None,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Send, compare with Kafka, and print; status 1 where a request was not answered as it has to be."""
    seed = secrets.randbelow(2**32) if seed is None else seed
    print(f"--seed {seed} sends the same again.")
    with running_proxy() as (settings, proxy):
        seen, memory = send(settings, proxy, count, seed)
        held = places_in_kafka(settings)
    rows = [
        *seen.rows(held, "Kafka"),
        Row("the proxy's memory, against that after a tenth", memory[1], "MB", memory[0], 1.1, "lower"),
    ]
    report("Mutated requests to the REST proxy", rows, packages=PACKAGES, write=write)
    print("\n".join(seen.wrong[:10]))
    if any(row.met is False for row in rows):
        raise SystemExit(1)


@contextmanager
def running_proxy() -> Iterator[tuple[Settings, psutil.Process]]:
    """Kafka with its topics, and a proxy that takes bodies of up to half of what a request is filled up with."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        settings = make_settings(
            Path(folder), KAFKA_SECURITY="plaintext", REST_PROXY_MAX_BODY_BYTES=FILLING_BYTES // 2
        )
        launch_server(stack, settings, "kafka")
        admin = AdminClient(client_options(settings, Principal.PROVISION))
        for made in admin.create_topics(
            [NewTopic(name, PARTITIONS, 1) for name in topics(settings)]
        ).values():
            made.result()
        yield settings, psutil.Process(launch_proxy(stack, settings).pid)


def topics(settings: Settings) -> tuple[str, ...]:
    """Return the names of the topics that the requests are for."""
    return TOPIC, settings.rest_proxy.pin_batch_topic, settings.rest_proxy.pin_streaming_topic


def send(
    settings: Settings, proxy: psutil.Process, count: int, seed: int
) -> tuple[Seen[Place], tuple[float, float]]:
    """Send the requests; the proxy's megabytes after a tenth of them and after all."""
    address = (settings.rest_proxy.host, settings.rest_proxy.port)
    stream = mutated(requests(TOPIC, f"{address[0]}:{address[1]}"), seed)
    seen = Seen(acknowledged)

    def megabytes_after(number: int) -> float:
        asyncio.run(exchange_all(address, islice(stream, number), CONNECTIONS, seen.add))
        return float(proxy.memory_info().rss) / 1e6

    return seen, (megabytes_after(count // 10), megabytes_after(count - count // 10))


def places_in_kafka(settings: Settings) -> set[Place]:
    """Return the place of each record: without transactions the offsets have no gaps."""
    with closing(Consumer({**client_options(settings, Principal.USER), "group.id": "bench"})) as consumer:
        partitions = [TopicPartition(name, each) for name in topics(settings) for each in range(PARTITIONS)]
        ends = {each: consumer.get_watermark_offsets(each, timeout=10)[1] for each in partitions}
    return {(each.topic, each.partition, offset) for each, end in ends.items() for offset in range(end)}


if __name__ == "__main__":
    typer.run(main)
