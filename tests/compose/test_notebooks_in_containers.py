"""JupyterLab and the Jobs API in containers: started beside the stack, used over their own protocols, and stopped."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bench.containers import MB, Watch, watching
from common.settings import LOOPBACK, Settings
from common.wait import wait_until
from tests.compose.conftest import PROJECT, TEST_SECONDS, Containers, own_secrets
from tests.integration.jupyter_lab import FILLS, KILLS, LOOPS, Lab, Notebook
from tests.make import Make

pytestmark = [pytest.mark.usefixtures("lab"), pytest.mark.timeout(TEST_SECONDS)]

SERVICES = ("notebook", "jobs")
# Spark starts in 15 s on two idle cores, the notebook takes 10 s; ten times that on a busy machine.
RUN_SECONDS = 250.0
MAKES_A_TABLE = """
bucket = dbutils.secrets.get("aws", "s3_mount_bucket_name")
dbutils.fs.mount(f"s3a://{bucket}", "/mnt/shared")
spark.range(7).repartition(2).write.mode("overwrite").saveAsTable("numbers")
print(spark.sparkContext.master, spark.table("numbers").count())
"""
READS_IT = """# Databricks notebook source
by_name, by_mount = spark.table("numbers"), spark.read.format("delta").load("/mnt/shared/warehouse/numbers")
dbutils.notebook.exit(f"{by_name.count()} by name, {by_mount.count()} by mount")
"""
TOLD = "has taken the 384m that NOTEBOOK_MEMORY allows"


@pytest.fixture(scope="module")
def lab(make: Make, stack: Settings, containers: Containers) -> Iterator[str]:  # noqa: ARG001 - it is up
    """Return what `make notebook` prints; the Jobs API is started as COMPOSE_PROFILES would, and both go at the end.

    That they end in order, the stage's last test asks: one that was killed is not.
    """
    printed = make("notebook")
    containers.compose("up", "--detach", "--wait", "jobs")
    yield printed
    containers.compose("rm", "--force", "--stop", *SERVICES)


@pytest.fixture(scope="module")
def watch(lab: str) -> Iterator[Watch]:  # noqa: ARG001 - they run
    """Watch the containers' memory from the first test that asks to the last one's end."""
    with watching(PROJECT) as watch:
        yield watch


@pytest.fixture(scope="module")
def api(stack: Settings) -> Iterator[httpx.Client]:
    """Return a client that has the Jobs API's token."""
    headers = {"Authorization": f"Bearer {stack.jobs_api.token.get_secret_value()}"}
    url = f"http://{LOOPBACK}:{stack.jobs_api.port}/api/2.2/"
    with httpx.Client(base_url=url, headers=headers, timeout=60) as client:
        yield client


def _running(containers: Containers) -> dict[str, dict[str, Any]]:
    """Return the containers of the two services by their services."""
    found = {each["Service"]: each for each in containers.running() if each["Service"] in SERVICES}
    assert found.keys() == {*SERVICES}
    return found


def test_both_are_healthy_and_the_address_has_the_token(
    lab: str, stack: Settings, containers: Containers
) -> None:
    assert re.search(r"^ *notebook +healthy ", lab, re.M)
    token = stack.notebook.token.get_secret_value()
    assert f"http://{LOOPBACK}:{stack.notebook.port}/lab?token={token}" in lab
    assert {container["Health"] for container in _running(containers).values()} == {"healthy"}


def test_airflow_reaches_the_jobs_api(containers: Containers) -> None:
    containers.compose("exec", "-T", "airflow-scheduler", "python", "-m", "stack.containers.health", "jobs")


def test_who_has_no_token_is_refused(stack: Settings) -> None:
    jobs = f"http://{LOOPBACK}:{stack.jobs_api.port}/api/2.2/jobs/list"
    wrong = {"Authorization": f"Bearer {stack.notebook.token.get_secret_value()}"}
    kernels = f"http://{LOOPBACK}:{stack.notebook.port}/api/kernels"
    with httpx.Client(timeout=60) as stranger:
        assert stranger.get(jobs).status_code == httpx.codes.UNAUTHORIZED
        assert stranger.get(jobs, headers=wrong).status_code == httpx.codes.FORBIDDEN
        assert stranger.get(kernels).status_code == httpx.codes.FORBIDDEN
        assert (
            stranger.get(kernels, headers={"Authorization": "token wrong"}).status_code
            == httpx.codes.FORBIDDEN
        )


def test_both_are_for_this_machine_and_have_their_own_secrets_alone(
    stack: Settings, containers: Containers
) -> None:
    for service, container in _running(containers).items():
        assert {port["URL"] for port in container["Publishers"] if port["PublishedPort"]} == {LOOPBACK}
        assert containers.user(container["Name"]) == "1000:1000"
        assert containers.secrets(container["Name"], stack) == own_secrets(service)


def _run(api: httpx.Client, path: str, text: str) -> dict[str, Any]:
    """Import a notebook, run it, and return its output."""
    content = base64.b64encode(text.encode()).decode()
    body = {"path": path, "format": "SOURCE", "language": "PYTHON", "content": content}
    assert api.post("workspace/import", json=body).json() == {}
    task = {"notebook_task": {"notebook_path": path}}
    run = {"run_id": api.post("jobs/runs/submit", json=task).json()["run_id"]}
    wait_until(
        lambda: api.get("jobs/runs/get", params=run).json()["state"].get("result_state"),
        timeout=RUN_SECONDS,
        what="the notebook to end",
        interval=0.5,
    )
    output: dict[str, Any] = api.get("jobs/runs/get-output", params=run).json()
    return output


def test_a_kernel_computes_on_the_cluster(
    stack: Settings,
    containers: Containers,
    watch: Watch,  # noqa: ARG001 - from here on
) -> None:
    before = containers.executors()
    with Notebook(Lab(stack), "examples/batch.ipynb") as notebook:
        done = notebook.run(MAKES_A_TABLE)
    assert done.status == "ok", done.error
    assert done.text.endswith("spark://spark-master:7077 7\n")
    assert containers.executors() > before


def test_an_imported_notebook_finds_the_kernels_mount_and_table(api: httpx.Client) -> None:
    """It is run by the Jobs API, which has a Spark of its own."""
    output = _run(api, "/Users/me@example.org/reads", READS_IT)
    assert output.get("notebook_output", output)["result"] == "7 by name, 7 by mount"


def test_cells_that_fill_memory_loop_or_kill_their_kernel_leave_another_notebook_alone(
    stack: Settings,
) -> None:
    lab = Lab(stack)
    with Notebook(lab, "examples/batch.ipynb") as one, Notebook(lab, "examples/streaming.ipynb") as other:
        assert other.run("lives = True").status == "ok"
        filled = one.run(FILLS)
        assert filled.status == "error"
        assert TOLD in filled.error
        assert one.run("del kept\nprint(spark.range(4).count())").text.endswith("4\n")
        assert one.run(LOOPS, one.interrupt).error == "Interrupted."
        assert one.run(KILLS).status == "restarting"
        assert one.run("print('kept' in globals(), spark.range(5).count())").text.endswith("False 5\n")
        other.connect()
        assert other.run("print(lives)").text == "True\n"


def test_a_notebook_that_fills_memory_fails_and_the_next_one_runs(api: httpx.Client) -> None:
    assert (
        TOLD in _run(api, "/Users/me@example.org/fills", f"# Databricks notebook source\n{FILLS}\n")["error"]
    )
    output = _run(api, "/Users/me@example.org/reads_again", READS_IT)
    assert output.get("notebook_output", output)["result"] == "7 by name, 7 by mount"


def test_neither_was_restarted_or_short_of_memory(containers: Containers, watch: Watch) -> None:
    restarts = containers.restarts()
    assert {restarts[container["Name"]] for container in _running(containers).values()} == {(0, False)}
    assert watch.problems == []
    for service in SERVICES:  # docs/compose.md has the figures
        print(f"{service}: {watch.peak[service] / MB:.0f} of {watch.limit[service] / MB:.0f} MB")
        assert watch.peak[service] < watch.limit[service]
