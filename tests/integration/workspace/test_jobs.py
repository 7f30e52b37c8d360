"""Notebooks that Airflow's own operator submits to the real Jobs API, on the real Spark, one application for all."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from common import health
from common.settings import ROOT, Settings
from common.wait import wait_until
from services.provision.bucket import ensure_bucket
from stack.airflow.environment import environment
from stack.local.isolated import ServiceProcess, free_port
from tests.secret_search import files_with, named_in, secrets_of

# A session's start takes 10 s, each notebook a second, on two idle cores; twenty times that on a busy machine.
RUN_SECONDS = 400.0
# Of the API, in milliseconds; httpx' own 5 s are too few where Spark has all cores.
ANSWER_SECONDS = 60.0
pytestmark = pytest.mark.timeout(RUN_SECONDS + 200)

HEAD = "# Databricks notebook source\n"
NOTEBOOKS = {
    "hands_on": HEAD
    + 'spark.range(3).createOrReplaceGlobalTempView("handed")\n'
    + 'print("table", dbutils.widgets.get("table"))\n'
    + 'dbutils.notebook.exit("3 rows")\n',
    "takes_over": HEAD + 'dbutils.notebook.exit(str(spark.table("global_temp.handed").count()))\n',
    "fails": HEAD + 'print("<i>so far</i>")\n\n# COMMAND ----------\n\nraise ValueError("not <b>this</b>")\n',
    "loops": HEAD + 'spark.range(1 << 50).selectExpr("max(id % 7)").collect()\n',
    "works": HEAD + 'dbutils.notebook.exit("it works")\n',
    "stops": HEAD + "spark.stop()\n",
    "fills": HEAD + "kept = []\nwhile True:\n    kept.append(bytearray(1 << 20))\n",
    "dies": HEAD + "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n",
}
# The operator, as a task of the DAG has it; its log goes to standard error, what is wrong into its last line.
OPERATOR = """
import sys
from airflow.providers.databricks.operators.databricks import DatabricksSubmitRunOperator
operator = DatabricksSubmitRunOperator(
    task_id="submit_run",
    databricks_conn_id="databricks_default",
    existing_cluster_id="1108-162752-8okw8dgg",
    notebook_task={"notebook_path": sys.argv[1], "base_parameters": {"table": "pin"}},
    polling_period_seconds=1,
    do_xcom_push=False,
    durable=False,
)
try:
    operator.execute({})
finally:
    print("run", operator.run_id)
"""


@pytest.fixture(scope="module")
def stack(localstack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return LocalStack with a bucket, notebooks and a workspace of this file's own."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name, text in NOTEBOOKS.items():
        (folder / f"{name}.py").write_text(text)
    port = free_port()
    settings = localstack.replace(
        USER_ID="jobs",
        STATE_DIR=tmp_path_factory.mktemp("jobs"),
        NOTEBOOK_DIR=folder,
        JOBS_API_PORT=port,
        JOBS_API_URL=f"http://127.0.0.1:{port}",
        SPARK_MASTER="local[2]",
        SPARK_DRIVER_MEMORY="1g",
        NOTEBOOK_MEMORY="512m",
    )
    ensure_bucket(settings)
    return settings


@pytest.fixture(scope="module")
def api(stack: Settings) -> Iterator[httpx.Client]:
    """Start the Jobs API; return a client that has its token."""
    with ServiceProcess(stack, "workspace.jobs", log=stack.state_dir / "jobs.log") as process:
        process.wait_healthy(lambda: health.problem("jobs", stack) is None)
        headers = {"Authorization": f"Bearer {stack.jobs_api.token.get_secret_value()}"}
        url = f"{stack.jobs_api.url}/api/2.2/jobs/"
        with httpx.Client(base_url=url, headers=headers, timeout=ANSWER_SECONDS) as client:
            yield client


@pytest.fixture
def operate(stack: Settings, api: httpx.Client, tmp_path: Path) -> Any:  # noqa: ANN401 - a function
    """Return a function that runs Airflow's operator on a notebook: its status, its log, and what the API has of it."""
    variables = {**os.environ, **stack.environment(), **environment(stack)}
    database = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path}/none.db"}

    def run(path: str) -> tuple[int, str, dict[str, Any]]:
        done = subprocess.run(
            [sys.executable, "-c", OPERATOR, path],
            cwd=ROOT,
            env=variables | database,
            capture_output=True,
            text=True,
            check=False,
            timeout=RUN_SECONDS,
        )
        assert "run " in done.stdout, done.stderr[-4000:]
        output = api.get("runs/get-output", params={"run_id": done.stdout.split()[-1]}).json()
        return done.returncode, done.stdout + done.stderr, output

    return run


def _submit(api: httpx.Client, path: str, **more: str) -> int:
    answer = api.post("runs/submit", json={"notebook_task": {"notebook_path": path}, **more})
    run_id: int = answer.json()["run_id"]
    return run_id


def _state(api: httpx.Client, run_id: int) -> dict[str, Any]:
    state: dict[str, Any] = api.get("runs/get", params={"run_id": run_id}).json()["state"]
    return state


def _ended(api: httpx.Client, run_id: int) -> str:
    return str(
        wait_until(
            lambda: _state(api, run_id).get("result_state"),
            timeout=RUN_SECONDS,
            what=f"run {run_id} to end",
            interval=0.2,
        )
    )


def test_1_the_operator_runs_a_notebook(operate: Any) -> None:  # noqa: ANN401
    status, log, output = operate("/Users/me@example.org/hands_on")
    assert status == 0, log
    assert output["notebook_output"] == {"result": "3 rows", "truncated": False}
    page = httpx.get(output["metadata"]["run_page_url"], timeout=ANSWER_SECONDS)
    assert "table pin" in page.text


def test_2_notebooks_of_one_dag_share_global_views(api: httpx.Client) -> None:
    run_id = _submit(api, "/takes_over")
    assert _ended(api, run_id) == "SUCCESS"
    output = api.get("runs/get-output", params={"run_id": run_id}).json()
    assert output["notebook_output"]["result"] == "3"


def test_3_a_failing_cell_fails_the_task_with_its_error(operate: Any) -> None:  # noqa: ANN401
    status, log, output = operate("/fails")
    assert status != 0
    assert "ValueError: not <b>this</b>" in log
    assert output["error"] == "ValueError: not <b>this</b>"
    assert "fails.py, cell 2, line 6 of the file" in output["error_trace"]
    page = httpx.get(output["metadata"]["run_page_url"], timeout=ANSWER_SECONDS).text
    assert "&lt;i&gt;so far&lt;/i&gt;" in page
    assert "<b>this" not in page


def test_4_a_loop_is_cancelled_or_ended_by_its_time_and_the_rest_goes_on(api: httpx.Client) -> None:
    cancelled, after = _submit(api, "/loops"), _submit(api, "/works")
    wait_until(
        lambda: _state(api, cancelled)["life_cycle_state"] == "RUNNING",
        timeout=RUN_SECONDS,
        what="the loop to run",
    )
    assert api.post("runs/cancel", json={"run_id": cancelled}).status_code == 200
    assert [_ended(api, run_id) for run_id in (cancelled, after)] == ["CANCELED", "SUCCESS"]
    timed, after = _submit(api, "/loops", timeout_seconds="3"), _submit(api, "/works")
    assert [_ended(api, run_id) for run_id in (timed, after)] == ["TIMEDOUT", "SUCCESS"]


def test_5_a_notebook_that_stops_spark_leaves_the_next_one_another(api: httpx.Client) -> None:
    stops, after = _submit(api, "/stops"), _submit(api, "/works")
    _ended(api, stops)
    assert _ended(api, after) == "SUCCESS"


def test_6_a_notebook_that_fills_memory_or_is_killed_fails_alone(api: httpx.Client) -> None:
    fills, dies, after = (_submit(api, path) for path in ("/fills", "/dies", "/works"))
    assert [_ended(api, run_id) for run_id in (fills, dies, after)] == ["FAILED", "FAILED", "SUCCESS"]
    error = api.get("runs/get-output", params={"run_id": fills}).json()["error"]
    assert "taken the 512m that NOTEBOOK_MEMORY allows" in error
    assert "was killed" in _state(api, dies)["state_message"]


def test_7_neither_logs_nor_runs_nor_their_pages_have_a_secret(stack: Settings, api: httpx.Client) -> None:
    assert files_with(secrets_of(stack), [stack.state_dir]) == set()
    run_id = _submit(api, "/fails")
    _ended(api, run_id)
    output = api.get("runs/get-output", params={"run_id": run_id})
    page = httpx.get(output.json()["metadata"]["run_page_url"], timeout=ANSWER_SECONDS).raise_for_status()
    assert named_in(output.text + page.text, secrets_of(stack)) == set()
