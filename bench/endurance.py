"""Posts to the streams, as the emulator sends them, for minutes: does the last one of them go as quickly as the first?

Loads the running stack (`make up`), in local mode or in containers, through API Gateway. Each post has a time at which
it is due, from which its waits count: for its acknowledgement and, where the streaming writer runs, for its row in
Postgres. Ends with status 1 where the last minute is slower than AIM times the first, or a container ended meanwhile.
"""

import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext
from functools import partial
from statistics import median, quantiles
from typing import Annotated

import docker
import typer
import urllib3
import yaml
from msgspec.structs import astuple

from bench import containers
from bench.report import Row, report
from bench.running import running_stack
from bench.sampling import series
from bench.streaming import PACKAGES, Watch, wait_seen, watched
from common.api import invoke_url
from common.clients import postgres_connection
from common.settings import ROOT, Settings
from contracts.rows import Row as Post
from contracts.tables import TABLES, Table
from emulator.authorization import authorization
from emulator.destination_sender import Api, DestinationSender
from emulator.formats import FORMATS, destination
from services.source.generator import generate
from stack.local import processes, supervision

AIM = 1.5
TICK = 0.5  # the emulator sends two requests a second to each stream
WARM_UP_SECONDS = 60  # Spark's first micro-batches take ten times what later ones do
MEMORY_SECONDS = 5.0
MB = 1024**2
_PATIENCE_SECONDS = 60.0  # for which a request is sent again, as the emulator does
_NEWEST = "SELECT 0, max(ind) FROM speed.pin"


class Load:
    """Three senders, as the emulator has, and the posts that they send next, those after the index `after`."""

    def __init__(self, settings: Settings, after: int) -> None:
        self.waits: list[
            tuple[float, float]
        ] = []  # of each batch: when it was due, seconds to its acknowledgement
        self._due: dict[Table, deque[float]] = {table: deque() for table in TABLES}
        http = urllib3.PoolManager(maxsize=len(TABLES))
        api = Api(http, invoke_url(settings), _PATIENCE_SECONDS, threading.Event(), authorization(settings))
        self.senders = {
            table: DestinationSender(
                api,
                destination(settings, "stream", table).path,
                FORMATS["stream"],
                partial(self._settled, self._due[table]),
            )
            for table in TABLES
        }
        self.posts = {
            table: (row for row in _rows(table, after + 1_000_000) if astuple(row)[0] > after)
            for table in TABLES
        }

    def send(self, count: int, due: float, watch: Watch) -> None:
        """Send the next posts; waits where the streams are behind by two requests."""
        for table in TABLES:
            rows = list(itertools.islice(self.posts[table], count))
            if table == "pin":
                watch.sent.update({(0, astuple(row)[0]): due for row in rows})
            self._due[table].append(due)
            self.senders[table].submit(rows)

    def _settled(self, due: deque[float], _acknowledged: int, _failed: int, note: str) -> None:
        if not note:  # a note is told where the batch is sent again
            began = due.popleft()
            self.waits.append((began, time.perf_counter() - began))

    def run(self, rate: int, seconds: float, watch: Watch) -> None:
        """Send `rate` posts a second."""
        began = time.perf_counter()
        for tick in range(round(seconds / TICK)):
            due = began + tick * TICK
            time.sleep(max(0.0, due - time.perf_counter()))
            self.send(round(rate * TICK), due, watch)

    def finish(self) -> None:
        """Wait until every record is acknowledged.

        Raises:
            RuntimeError: some failed.
        """
        for table, sender in self.senders.items():
            sender.finish()
            if sender.counts.failed:
                raise RuntimeError(f"{sender.counts.failed} of {table}: {sender.counts.reasons}")


def _rows(table: Table, count: int) -> Iterator[Post]:
    return itertools.chain.from_iterable(generate(table, count, 42))


def newest_post(settings: Settings) -> int:
    """The highest index that is served, -1 where there is none."""
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_NEWEST)
        (found,) = cursor.fetchall()
    return -1 if found[1] is None else int(found[1])


def of_processes(settings: Settings) -> dict[str, float]:
    """Return the MB of each service of local mode; nothing in containers."""
    states = supervision.states(settings)
    return {name: processes.memory(state.pid) / MB for name, state in states.items() if state.active}


def of_containers(engine: docker.DockerClient, project: str) -> dict[str, float]:
    """Return the MB of each service in containers, all asked at once: an answer takes the engine a second."""
    ours = engine.containers.list(filters=containers.of_project(project), ignore_removed=True)
    with ThreadPoolExecutor(len(ours) or 1) as pool:
        found = pool.map(containers.held_now, ours)
        return {name: held / MB for each in found for name, (held, _) in each.items()}


def ended(engine: docker.DockerClient, project: str, since: float) -> Row:
    """Count the containers that have ended, or met their limit of memory, since that time (seconds of the epoch)."""
    found = containers.problems_since(engine, project, since)
    return Row("containers that ended, or met their limit", len(found), "", aim=0, better="lower")


def limits() -> dict[str, float]:
    """The limit of each service in containers, in MB; the processes of local mode have none."""
    services = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    units = {"m": 1, "g": 1024}
    return {
        name: int(body["mem_limit"][:-1]) * units[body["mem_limit"][-1]] for name, body in services.items()
    }


def by_minute(waits: Iterable[tuple[float, float]]) -> list[list[float]]:
    """Group seconds by the minute at which they began; the last minute may be shorter."""
    pairs = sorted(waits)
    minutes = itertools.groupby(pairs, lambda pair: int((pair[0] - pairs[0][0]) // 60))
    return [[seconds for _, seconds in group] for _, group in minutes]


def p95(waits: list[float]) -> float:
    """The 95th percentile."""
    return quantiles(waits, n=100)[94]


def slowed(what: str, waits: Iterable[tuple[float, float]]) -> list[Row]:
    """Return the p95 of each minute, then the last against the first."""
    found = [p95(minute) for minute in by_minute(waits)]
    each = [Row(f"{what}, minute {number}: p95", value, "s") for number, value in enumerate(found, start=1)]
    return [*each, Row(f"{what}: last minute against the first", found[-1], "s", found[0], AIM, "lower")]


def held(sizes: Mapping[str, list[float]]) -> list[Row]:
    """Return each service's peak against its limit, the fullest first, then its last minute against its first."""
    bounds, minute = limits(), round(60 / MEMORY_SECONDS)
    peaks = [
        Row(f"{name}: peak against its limit in containers", max(each), "MB", bounds[name])
        for name, each in sizes.items()
    ]
    growth = [
        Row(f"{name}: last minute against the first", median(each[-minute:]), "MB", median(each[:minute]))
        for name, each in sizes.items()
    ]
    return [*sorted(peaks, key=lambda row: -(row.ratio or 0)), *growth]


def loaded(
    settings: Settings, rate: int, minutes: int, memory: Callable[[], Mapping[str, float]], *, served: bool
) -> tuple[list[Row], Mapping[str, list[float]]]:
    """Send posts, once Spark is warm; return the rows on their waits, and the memory of each service by and by."""
    load, watch = Load(settings, newest_post(settings) if served else -1), Watch()
    load.run(rate, WARM_UP_SECONDS, Watch())
    began = time.perf_counter()
    with (
        series(memory, MEMORY_SECONDS) as sizes,
        watched(settings, "pinterest", _NEWEST, watch) if served else nullcontext(),
    ):
        load.run(rate, minutes * 60, watch)
        load.finish()
        if served:
            wait_seen(watch)
    rows = slowed("acknowledged", [wait for wait in load.waits if wait[0] >= began])
    if served:
        rows += slowed("in Postgres", zip(sorted(watch.sent.values()), watch.latencies(), strict=True))
    return rows, sizes


def main(
    minutes: Annotated[int, typer.Option(help="How long the load lasts.", min=2)] = 10,
    rate: Annotated[int, typer.Option(help="Posts a second, each a record in three streams.")] = 50,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print."""
    settings = running_stack("localstack")
    project = "" if of_processes(settings) else containers.project()
    engine = docker.from_env() if project else None
    memory = partial(of_containers, engine, project) if engine else partial(of_processes, settings)
    served, began = "streaming-writer" in memory(), time.time()
    waits, sizes = loaded(settings, rate, minutes, memory, served=served)
    rows = [*waits, *([ended(engine, project, began)] if engine else []), *held(sizes)]
    streams = f"the streams{'' if served else ' alone'}"
    title = (
        f"Endurance: {rate} posts/s to {streams} for {minutes} minutes{', in containers' if project else ''}"
    )
    report(title, rows, packages=PACKAGES, write=write)
    if any(row.met is False for row in rows):
        raise SystemExit(1)


if __name__ == "__main__":
    typer.run(main)
