"""A whole batch run on one to three workers of a Spark cluster, each with a core."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from pyspark.sql import SparkSession

from bench.batch import Landing
from bench.scaling.cpu import Meter
from bench.scaling.model import Point
from bench.spark_lab import jvm
from common.settings import LOOPBACK, Settings
from common.wait import wait_until
from spark_jobs.batch.job import run_batch
from spark_jobs.session.spark import spark_session
from stack.local.isolated import START_SECONDS, free_port
from stack.local.processes import listens
from stack.local.spark_cluster import SparkDaemon, workers_alive

WORKERS = (1, 2, 3)
MEMORY = "1g"


class Cluster:
    """A master, and workers that are added one by one."""

    def __init__(self, settings: Settings, running: ExitStack, folder: Path) -> None:
        port, web = free_port(), free_port()
        self._running, self._folder, self._page = running, folder, f"http://{LOOPBACK}:{web}"
        self.url = f"spark://{LOOPBACK}:{port}"
        self.workers: list[int] = []
        self.settings = settings.replace(
            SPARK_MASTER=self.url, SPARK_LOCAL_IP=LOOPBACK, SPARK_EXECUTOR_MEMORY=MEMORY
        )
        ports = ("--port", str(port), "--webui-port", str(web))
        master = running.enter_context(
            SparkDaemon(self.settings, folder / "master.log", "master.Master", *ports)
        )
        master.wait_healthy(lambda: listens(master.pid, port))

    def add_worker(self) -> None:
        """Add one of a core, and wait until the session has an executor on it."""
        words = ("--cores", "1", "--memory", MEMORY, "--webui-port", "0", "--work-dir", str(self._folder))
        log = self._folder / f"worker-{len(self.workers)}.log"
        worker = SparkDaemon(self.settings, log, "worker.Worker", *words, self.url)
        self.workers.append(self._running.enter_context(worker).pid)
        wait_until(
            lambda: workers_alive(self._page, executing=1) == len(self.workers),
            timeout=START_SECONDS,
            what=f"{len(self.workers)} executors",
        )


@contextmanager
def _session(settings: Settings) -> Iterator[tuple[Cluster, SparkSession]]:
    with TemporaryDirectory() as folder, ExitStack() as running:
        cluster = Cluster(settings, running, Path(folder))
        spark = spark_session(cluster.settings, "batch")
        running.callback(spark.stop)
        yield cluster, spark


def measure(settings: Settings, servers: Mapping[str, int], posts: int) -> dict[int, Point]:
    """Return the points, for a post, by the number of workers; `servers` are LocalStack and Postgres by their names."""
    found = {}
    Landing(settings, posts).land(posts)
    with _session(settings) as (cluster, spark):
        groups = {name: [pid] for name, pid in servers.items()}
        groups["driver"] = [jvm(spark), os.getpid()]
        for number in WORKERS:
            cluster.add_worker()
            found[number] = _point(cluster.settings, posts, groups | {"executors": cluster.workers})
    return found


def _point(settings: Settings, posts: int, groups: Mapping[str, list[int]]) -> Point:
    run_batch(settings, full=True)  # until every executor has compiled what runs often
    meter, began = Meter(groups), time.perf_counter()
    run_batch(settings, full=True)
    return meter.point(posts, time.perf_counter() - began)
