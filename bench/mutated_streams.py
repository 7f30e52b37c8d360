"""Send requests with a few bytes changed to API Gateway's streams: what is acknowledged is in its stream, once.

Starts a LocalStack of its own, and for the paths that are not the streams' a REST proxy with its Kafka. API Gateway and
Kinesis are LocalStack's; what the one asks of the other is ours, and is the definition in services/provision. So server
errors that are known to be LocalStack's own are counted apart, by their causes.
"""

import asyncio
import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

from bench.localstack_faults import kind_of
from bench.mutations import mutated, stream_requests
from bench.proxy import launch_proxy
from bench.raw_http import Exchange, exchange_all, lacks_bytes
from bench.report import Row, report
from bench.seen import Seen
from common.clients import kinesis_client
from common.settings import Settings
from services.provision.api import ensure_api
from services.provision.streams import ensure_streams
from stack.local import processes
from stack.local.isolated import launch_server, make_settings

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

SHARDS = 2
# LocalStack does one thing at a time; more wait for it alone.
CONNECTIONS = 8
# What takes it longest, 500 records that are not text, has its answer after 5 s; on a busy machine six times that.
_PATIENCE_SECONDS = 30.0

Place = tuple[str, str]  # shard, sequence number


def acknowledged(body: bytes) -> Iterator[Place]:
    """Yield the places that an answer of status 200 acknowledges."""
    answer = None
    with suppress(ValueError):  # S3's, whose is every path that is nobody else's, is XML
        answer = json.loads(body)
    for entry in answer.get("Records", [answer]) if isinstance(answer, dict) else ():
        if "SequenceNumber" in entry:
            yield entry["ShardId"], entry["SequenceNumber"]


def main(
    count: Annotated[int, typer.Option("--requests", help="How many are sent.")] = 10_000,
    seed: Annotated[int | None, typer.Option(help="Sends what an earlier run with it sent.")] = None,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Send, compare with Kinesis, and print; status 1 where an aim is missed."""
    seed = secrets.randbelow(2**32) if seed is None else seed
    print(f"--seed {seed} sends the same again.")
    with TemporaryDirectory() as folder, ExitStack() as stack:
        settings = make_settings(Path(folder), KINESIS_SHARDS=SHARDS, KAFKA_SECURITY="plaintext")
        server = launch_server(stack, settings, "localstack")
        launch_server(stack, settings, "kafka")
        launch_proxy(stack, settings)
        ensure_streams(settings)
        url = ensure_api(settings)
        assert url
        seen, memory = send(settings, url, server.pid, count, seed)
        held = {*places(kinesis_client(settings), settings.stream("pin"))}
    rows = [
        *seen.rows(held, "Kinesis"),
        Row("LocalStack's memory, against that after a tenth", memory[1], "MB", memory[0], 1.2, "lower"),
    ]
    report("Mutated requests to API Gateway's streams", rows, packages=("boto3", "httptools"), write=write)
    print("\n".join(seen.wrong))
    if any(row.met is False for row in rows):
        raise SystemExit(1)


def send(
    settings: Settings, url: str, pid: int, count: int, seed: int
) -> tuple[Seen[Place], tuple[float, float]]:
    """Send the requests; LocalStack's megabytes, its Kinesis' included, after a tenth of them and after all."""
    address = urlsplit(url)
    stream = mutated(stream_requests(address.path, settings.stream("pin"), address.netloc), seed)
    seen = Seen(acknowledged, kind_of)

    def add(exchange: Exchange) -> None:
        if not exchange.statuses and lacks_bytes(exchange.sent):
            exchange.fault = ""  # LocalStack waits for the rest
        seen.add(exchange)

    def megabytes_after(number: int) -> float:
        server = (str(address.hostname), address.port or 0)
        asyncio.run(exchange_all(server, islice(stream, number), CONNECTIONS, add, _PATIENCE_SECONDS))
        return float(sum(each.memory_info().rss for each in processes.tree(pid))) / 1e6

    return seen, (megabytes_after(count // 10), megabytes_after(count - count // 10))


def places(client: "KinesisClient", stream: str) -> Iterator[Place]:
    """Yield the place of each record that the stream holds."""
    for shard in client.list_shards(StreamName=stream)["Shards"]:
        iterator = client.get_shard_iterator(
            StreamName=stream, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON"
        )["ShardIterator"]
        while (page := client.get_records(ShardIterator=iterator))["Records"]:
            yield from ((shard["ShardId"], each["SequenceNumber"]) for each in page["Records"])
            iterator = page["NextShardIterator"]


if __name__ == "__main__":
    typer.run(main)
