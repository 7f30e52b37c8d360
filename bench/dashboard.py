"""Measure the dashboard over a million posts: each page in a browser, and its memory and CPU while nobody looks.

Starts a Postgres, a Kafka, a LocalStack and a dashboard of its own, so that nobody's data are touched. The posts are
rows that Postgres generates, of the size that cleaned posts have; the last 25,000 are in both paths.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
import typer
from selenium.webdriver import Chrome

from bench.chromium import chromium, missing
from bench.report import Row, report
from common.clients import postgres_connection
from common.settings import Settings
from common.wait import wait_until
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.provision.kafka_rights import ensure_rights
from services.provision.topics import ensure_topics
from stack.local.isolated import ServiceProcess, launch_server, make_settings

PACKAGES = ("streamlit", "psycopg2-binary")
SERVERS = ("postgres", "kafka", "localstack")
PAGE_SECONDS = 2.0  # the aim, from the address to the data
MEMORY_MIB, CORE_PERCENT = 250, 2
# Of a page: many times what is aimed at, so that a slow one is measured rather than given up.
TIMEOUT_SECONDS = 60.0
BOTH = 25_000  # posts that both paths have

# What is on a page once it has its data.
PAGES = {
    "Live": ("", "about"),  # as many rows are estimated
    "Answers": ("answers", "Rows behind the answer"),
    "Quality": ("quality", "Batch path, hop by hop"),
    "Runs": ("runs", "Throughput"),
}

_POSTS = (
    """INSERT INTO {schema}.pin (ind, unique_id, title, description, follower_count, poster_name, tag_list,
        is_image_or_video, image_src, save_location, category)
    SELECT n, md5(n::text), 'title ' || n, repeat('d', 170), n % 99991, 'poster ' || n % 5000, repeat('tag,', 40),
        'image', 'https://i.pinimg.com/' || md5(n::text), '/data/x', 'category ' || n % 13
    FROM generate_series({first}, {last}) AS n""",
    """INSERT INTO {schema}.geo SELECT n, 'country ' || n % 243, ARRAY[1.0, 2.0],
        '2018-01-01Z'::timestamptz + n * interval '1 s' FROM generate_series({first}, {last}) AS n""",
    """INSERT INTO {schema}.users SELECT n, 'user ' || n % 9000, 20 + n % 40,
        '2015-10-21Z'::timestamptz + n * interval '1 s' FROM generate_series({first}, {last}) AS n""",
)
_PLACES = """INSERT INTO speed.places
    SELECT name, n, '2026-01-01Z'::timestamptz + n * interval '1 ms', n, 'shard'
    FROM unnest(ARRAY['pin', 'geo', 'user']) AS name, generate_series({first}, {last}) AS n"""
# One record in a hundred of the posts' topic.
_REJECTED = """INSERT INTO quarantine.batch
    SELECT 'id.pin', 0, n, '{{not_json}}', repeat('x', 500), '2026-01-01Z'::timestamptz + n * interval '1 s'
    FROM generate_series(1, {rejected}) AS n"""
_RUNS = (
    """INSERT INTO ops.batch_runs (mode, started_at, seconds)
    SELECT 'incremental', now(), '{{"plan": 1, "clean": 20, "publish": 9}}' FROM generate_series(1, 100)""",
    """INSERT INTO ops.batch_run_tables SELECT run_id, name, 10000, 10000, 0, 0, '{{}}', '{{}}', '{{}}'
    FROM ops.batch_runs, unnest(ARRAY['pin', 'geo', 'user']) AS name""",
)


@dataclass(frozen=True)
class Footprint:
    """The memory of a process in MiB: all of it, and its share of what others have mapped too; CPU in % of a core."""

    resident: float
    proportional: float
    core: float


def main(posts: int = 1_000_000, seconds: float = 60, write: bool = False) -> None:
    """Measure and print.

    Args:
        posts: how many posts the batch path has served.
        seconds: over which the CPU is measured.
        write: put the table into docs/benchmarks.md.
    """
    if problem := missing():
        raise SystemExit(problem)
    with dashboard(posts) as (settings, process):
        address = settings.dashboard.page_url
        untouched = footprint(process, seconds)
        with chromium() as browser:
            # The first page also loads Streamlit's own scripts, which the browser keeps.
            first = opened(browser, address, PAGES["Live"][1])
            pages = {name: opened(browser, f"{address}/{path}", text) for name, (path, text) in PAGES.items()}
            browser.get(address)
            watched = footprint(process, seconds)
        left = footprint(process, seconds)
    rows = [
        _page("a browser's first visit, Live", first),
        *(_page(f"{name}, opened again" if name == "Live" else name, took) for name, took in pages.items()),
        *_memory("nobody has looked yet", untouched),
        *_memory("Live is open, after all pages", watched, aimed=False),
        *_memory("nobody looks any more", left),
    ]
    report(f"Dashboard over {posts:,} posts", rows, packages=PACKAGES, write=write)


def _page(name: str, seconds: float) -> Row:
    return Row(name, seconds, "s", aim=PAGE_SECONDS, better="lower")


def _memory(when: str, found: Footprint, *, aimed: bool = True) -> list[Row]:
    memory, core = (MEMORY_MIB, CORE_PERCENT) if aimed else (None, None)
    return [
        Row(f"{when}: resident memory", found.resident, "MiB", aim=memory, better="lower"),
        Row(f"{when}: proportional", found.proportional, "MiB"),
        Row(f"{when}: CPU", found.core, "% of a core", aim=core, better="lower"),
    ]


@contextmanager
def dashboard(posts: int) -> Iterator[tuple[Settings, ServiceProcess]]:
    """Yield the settings of a filled stack and the dashboard that shows it; all of it goes away at the end."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        settings = make_settings(Path(folder), COMPOSE_PROFILES="dashboard")
        for name in SERVERS:
            launch_server(stack, settings, name)
        ensure_rights(settings)
        ensure_topics(settings)
        ensure_bucket(settings)
        ensure_schema(settings)
        fill(settings, posts)
        yield settings, launch_server(stack, settings, "dashboard")


def fill(settings: Settings, posts: int) -> None:
    """Generate the rows of both paths, their quarantine and a hundred runs in Postgres."""
    spans = {"batch": (1, posts), "speed": (posts - BOTH, posts + BOTH)}
    statements = [
        text.format(schema=schema, first=first, last=last)
        for schema, (first, last) in spans.items()
        for text in _POSTS
    ]
    first, last = spans["speed"]
    others = [
        text.format(first=first, last=last, rejected=posts // 100) for text in (_PLACES, _REJECTED, *_RUNS)
    ]
    with closing(postgres_connection(settings)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        for statement in (*statements, *others, "VACUUM ANALYZE"):
            cursor.execute(statement)


def opened(browser: Chrome, address: str, text: str) -> float:
    """Return the seconds from the address to a page that has this text."""
    begin = time.perf_counter()
    browser.get(address)
    wait_until(
        lambda: text in str(browser.execute_script("return document.body.textContent")),
        timeout=TIMEOUT_SECONDS,
        what=f"{text!r} on {address}",
        interval=0.05,
    )
    return time.perf_counter() - begin


def footprint(server: ServiceProcess, seconds: float) -> Footprint:
    """Return the memory of a server's processes at the end of so many seconds, and their CPU over these."""
    assert server.process is not None
    root = psutil.Process(server.process.pid)
    processes = [root, *root.children(recursive=True)]
    cpu: Callable[[], float] = lambda: sum(sum(each.cpu_times()[:2]) for each in processes)  # noqa: E731
    before = cpu()
    time.sleep(seconds)
    used = cpu() - before
    memory = [each.memory_full_info() for each in processes]
    return Footprint(
        sum(each.rss for each in memory) / 2**20,
        sum(each.pss for each in memory) / 2**20,
        100 * used / seconds,
    )


if __name__ == "__main__":
    typer.run(main)
