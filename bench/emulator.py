"""The emulator's whole run against a bare replay, and filling the source against a bare LOAD DATA.

Needs the running stack (`make up`). The replay goes to topics of this run's own; the filling to a database of
its own. Both are removed at the end.
"""

import http.client
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec
import typer
from confluent_kafka.admin import AdminClient

from bench.report import Row, report
from bench.running import running_stack
from common.kafka_security import client_options
from common.settings import ROOT, Settings
from contracts.kafka_access import Principal
from contracts.tables import TABLES, Table
from emulator.formats import TOPIC
from emulator.patience import Patience
from emulator.replay import batches
from emulator.source import Source
from services.provision.topics import ensure_topics
from services.source.fill import create_empty, root_connection
from services.source.generator import generate
from services.source.load import load_file, load_rows, write_files

BATCH = 500
DATABASE = "bench_source"
ORIGINALS = (
    5.6  # records/s: one post of three records, then a pause of up to 2 s and a new connection to MySQL
)
PACKAGES = ("mysql-connector-python", "urllib3", "msgspec")


def main(posts: int = 11_154, load_posts: int = 100_000, write: bool = False) -> None:
    """Measure and print.

    Args:
        posts: posts replayed; the source must have them.
        load_posts: posts generated and loaded into MySQL.
        write: put the table into docs/benchmarks.md.
    """
    settings = running_stack("kafka", "rest-proxy", "mysql")
    report(
        "Emulator and source",
        [*replay_rows(settings, posts), *load_rates(settings, load_posts)],
        packages=PACKAGES,
        write=write,
    )


def replay_rows(settings: Settings, posts: int) -> list[Row]:
    """The emulator from start to exit, and the same requests made beforehand and sent by http.client."""
    records = posts * len(TABLES)
    with fresh_topics(settings) as fresh:
        bare = records / bare_replay(fresh, prebuilt(fresh, posts))
        whole = emulator_run(fresh, posts)
    return [
        Row(f"python -m emulator batch, {posts:,} posts, start to exit", whole, "s", aim=5, better="lower"),
        Row("the same, its rate", records / whole, "records/s", bare),
        Row("the same, times the originals' 5.6 records/s", records / whole / ORIGINALS, "times"),
    ]


@contextmanager
def fresh_topics(settings: Settings) -> Iterator[Settings]:
    """Settings whose topics are this run's own."""
    fresh = settings.replace(USER_ID=uuid4().hex[:12])
    ensure_topics(fresh)
    try:
        yield fresh
    finally:
        admin = AdminClient(client_options(fresh, Principal.USER))
        for deletion in admin.delete_topics([fresh.topic(table) for table in TABLES]).values():
            deletion.result()


def emulator_run(settings: Settings, posts: int) -> float:
    """Seconds of a whole run; it fails unless every record was acknowledged."""
    command = [sys.executable, "-m", "emulator", "batch", "--limit", str(posts), "--batch", str(BATCH)]
    # To the proxy itself, as the bare replay sends, without API Gateway between.
    environment = {**os.environ, **settings.environment(), "API_URL": settings.rest_proxy.url}
    started = time.perf_counter()
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return time.perf_counter() - started


def prebuilt(settings: Settings, posts: int) -> dict[Table, list[bytes]]:
    """The bodies of the requests that the emulator makes."""
    source = Source(settings, Patience(0, Event(), print))
    rows = {table: source.in_order(table, None) for table in TABLES}
    bodies: dict[Table, list[bytes]] = {table: [] for table in TABLES}
    for batch in batches(rows, BATCH, posts):
        for table in TABLES:
            assert batch[table], f"the source has fewer than {posts} rows: see SOURCE_ROWS"
            records = [{"value": row} for row in batch[table]]
            bodies[table].append(msgspec.json.encode({"records": records}))
    return bodies


def bare_replay(settings: Settings, bodies: dict[Table, list[bytes]]) -> float:
    """Seconds to send the bodies, one connection for each topic."""
    started = time.perf_counter()
    with ThreadPoolExecutor(len(TABLES)) as pool:
        list(pool.map(lambda table: send(settings, table, bodies[table]), TABLES))
    return time.perf_counter() - started


def send(settings: Settings, table: Table, bodies: list[bytes]) -> None:
    connection = http.client.HTTPConnection(urlsplit(settings.rest_proxy.url).netloc, timeout=60)
    for body in bodies:
        connection.request(TOPIC.method, f"/topics/{settings.topic(table)}", body, TOPIC.headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == http.client.OK, text
    connection.close()


def load_rates(settings: Settings, posts: int) -> list[Row]:
    """Generating and loading, and loading alone from files written beforehand."""
    rows = posts * len(TABLES)
    with (
        TemporaryDirectory() as folder,
        root_connection(settings) as connection,
        connection.cursor() as cursor,
    ):
        files = {
            table: list(write_files(generate(table, posts, 1), subfolder(folder, table))) for table in TABLES
        }
        create_empty(cursor, DATABASE)
        started = time.perf_counter()
        for table in TABLES:
            for path, count in files[table]:
                load_file(connection, table, path, 1, count, lambda _: None)
        bare = time.perf_counter() - started
        create_empty(cursor, DATABASE)
        started = time.perf_counter()
        for table in TABLES:
            load_rows(connection, table, generate(table, posts, 1), lambda _: None)
        whole = time.perf_counter() - started
        cursor.execute(f"DROP DATABASE {DATABASE}")
    million = whole * 1_000_000 / posts
    return [
        Row(f"generate and load {posts:,} posts into MySQL", rows / whole, "rows/s", rows / bare),
        Row("the same, 1,000,000 posts at this rate", million, "s", aim=300, better="lower"),
    ]


def subfolder(folder: str, table: Table) -> Path:
    path = Path(folder) / table
    path.mkdir()
    return path


if __name__ == "__main__":
    typer.run(main)
