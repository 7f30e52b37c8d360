"""The batch job on a standalone Spark cluster of two workers: the same tables as with a local master."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from common.clients import postgres_connection, s3_client
from common.settings import LOOPBACK, Settings
from contracts.landing import object_key
from contracts.tables import TABLES
from services.provision.databases import ensure_schema
from stack.containers import health
from stack.local.isolated import ServiceProcess, free_port
from stack.local.spark_cluster import SparkDaemon, workers_alive
from tests.e2e.stages import delta_rows, served_rows
from tests.records import geo, pin, user
from tests.secret_search import files_with, named_in, secrets_of

POSTS, PARTITIONS = 300, 4
# LocalStack asks for none, so it may be one that can be searched for.
AWS_SECRET = "a-secret-of-aws-that-nobody-is-shown"
MAKE = {"pin": pin, "geo": geo, "user": user}
# Executors start in 5 s on two idle cores and a run takes 30; beside another suite it took 330.
RUN_SECONDS = 400
pytestmark = pytest.mark.timeout(2 * RUN_SECONDS + 100)


class Cluster(NamedTuple):
    """A master's address and that of its web page, the workers, and the folder of all that they write."""

    url: str
    page: str
    workers: list[SparkDaemon]
    folder: Path


@pytest.fixture(scope="module")
def cluster(localstack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with ExitStack() as stack:
        folder, port, web = tmp_path_factory.mktemp("cluster"), free_port(), free_port()
        ports = ("--port", str(port), "--webui-port", str(web))
        master = SparkDaemon(localstack, folder / "master.log", "master.Master", *ports)
        small = ("--cores", "1", "--memory", "512m", "--webui-port", "0", "--work-dir", str(folder))
        url, page = f"spark://{LOOPBACK}:{port}", f"http://{LOOPBACK}:{web}"
        logs = (folder / "worker-1.log", folder / "worker-2.log")
        found = [SparkDaemon(localstack, log, "worker.Worker", *small, url) for log in logs]
        for daemon in (master, *found):
            stack.enter_context(daemon)
        master.wait_healthy(lambda: workers_alive(page) == len(found))
        yield Cluster(url, page, found, folder)


def _zone(settings: Settings, user_id: str, master: str) -> Settings:
    """A stack with a bucket of its own, in which the posts have landed."""
    own = settings.replace(
        USER_ID=user_id,
        SPARK_MASTER=master,
        SPARK_EXECUTOR_MEMORY="512m",
        AWS_SECRET_ACCESS_KEY=AWS_SECRET,
    )
    s3 = s3_client(own)
    s3.create_bucket(Bucket=own.bucket)
    for table in TABLES:
        for partition in range(PARTITIONS):
            posts = [MAKE[table](ind) for ind in range(partition, POSTS, PARTITIONS)]
            body = "".join(f"{json.dumps(post)}\n" for post in posts).encode()
            s3.put_object(Bucket=own.bucket, Key=object_key(own.topic(table), partition, 0), Body=body)
    return own


def _run(settings: Settings, log: Path) -> dict[str, Any]:
    """Return what a full run serves and stores."""
    job = ServiceProcess(settings, "spark_jobs.batch", "--full", log=log, env={"SPARK_LOCAL_IP": LOOPBACK})
    with job:
        assert job.process is not None
        assert job.process.wait(RUN_SECONDS) == 0, job.output()
    columns = {"pin": ["ind", "follower_count"], "geo": ["ind", "coordinates"], "user": ["ind", "user_name"]}
    stored = {table: delta_rows(settings, table, columns[table]) for table in TABLES}
    return {"served": [served_rows(settings, table) for table in TABLES], "stored": stored}


def test_the_tables_are_those_of_a_local_master(cluster: Cluster, postgres: Settings, tmp_path: Path) -> None:
    ensure_schema(postgres)
    alone = _run(_zone(postgres, "alone", "local[2]"), tmp_path / "alone.log")
    assert [len(rows) for rows in alone["served"]] == [POSTS] * len(TABLES)
    with closing(postgres_connection(postgres)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE batch.pin, batch.geo, batch.users")
    together = _run(_zone(postgres, "together", cluster.url), tmp_path / "together.log")
    assert together == alone
    for worker in cluster.workers:
        assert "Asked to launch executor" in worker.output()
    secrets = secrets_of(postgres) | {"AWS_SECRET_ACCESS_KEY": AWS_SECRET}
    assert files_with(secrets, [cluster.folder, tmp_path]) == set()
    for address, page in _pages(cluster):
        assert named_in(page, secrets) == set(), address


def _pages(cluster: Cluster) -> Iterator[tuple[str, str]]:
    """Yield the web pages of the master and the workers, their environment and the executors' logs among them."""
    state = health.page(f"{cluster.page}/json/")
    [run] = [each["id"] for each in state["completedapps"]]
    addresses = [f"{cluster.page}/{name}" for name in ("", "environment/", f"app/?appId={run}")]
    for worker in state["workers"]:
        log = f"logPage/?appId={run}&executorId=0&logType=stderr"
        addresses += [f"{worker['webuiaddress']}/{name}" for name in ("", "environment/")]
        addresses += [f"{worker['webuiaddress']}/{log}"]
    for address in addresses:
        yield address, httpx.get(address, follow_redirects=True, timeout=60).raise_for_status().text
