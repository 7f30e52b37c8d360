"""JupyterLab and the Jobs API in containers: started beside the stack, used over their own protocols, and stopped."""

import base64
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from common.settings import LOOPBACK, Settings
from common.wait import wait_until
from tests.compose.conftest import TEST_SECONDS, Containers, own_secrets
from tests.integration.jupyter_lab import Lab, Notebook
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
def api(stack: Settings) -> Iterator[httpx.Client]:
    """Return a client that has the Jobs API's token."""
    headers = {"Authorization": f"Bearer {stack.jobs_api.token.get_secret_value()}"}
    with httpx.Client(
        base_url=f"http://{LOOPBACK}:{stack.jobs_api.port}/api/2.2/", headers=headers
    ) as client:
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
    assert httpx.get(jobs).status_code == httpx.codes.UNAUTHORIZED
    wrong = {"Authorization": f"Bearer {stack.notebook.token.get_secret_value()}"}
    assert httpx.get(jobs, headers=wrong).status_code == httpx.codes.FORBIDDEN
    kernels = f"http://{LOOPBACK}:{stack.notebook.port}/api/kernels"
    assert httpx.get(kernels).status_code == httpx.codes.FORBIDDEN
    assert httpx.get(kernels, headers={"Authorization": "token wrong"}).status_code == httpx.codes.FORBIDDEN


def test_both_are_for_this_machine_and_have_their_own_secrets_alone(
    stack: Settings, containers: Containers
) -> None:
    for service, container in _running(containers).items():
        assert {port["URL"] for port in container["Publishers"] if port["PublishedPort"]} == {LOOPBACK}
        assert containers.user(container["Name"]) == "1000:1000"
        assert containers.secrets(container["Name"], stack) == own_secrets(service)


def test_a_kernel_computes_on_the_cluster(stack: Settings, containers: Containers) -> None:
    before = containers.executors()
    with Notebook(Lab(stack), "examples/batch.ipynb") as notebook:
        done = notebook.run(MAKES_A_TABLE)
    assert done.status == "ok", done.error
    assert done.text.endswith("spark://spark-master:7077 7\n")
    assert containers.executors() > before


def test_an_imported_notebook_finds_the_kernels_mount_and_table(api: httpx.Client) -> None:
    """It is run by the Jobs API, which has a Spark of its own."""
    path, content = "/Users/me@example.org/reads", base64.b64encode(READS_IT.encode()).decode()
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
    output = api.get("jobs/runs/get-output", params=run).json()
    assert output.get("notebook_output", output)["result"] == "7 by name, 7 by mount"


def test_neither_was_restarted_or_short_of_memory(containers: Containers) -> None:
    restarts = containers.restarts()
    assert {restarts[container["Name"]] for container in _running(containers).values()} == {(0, False)}
