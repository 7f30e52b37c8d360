"""A user's own DAGs, switched on in the running Airflow: their operators have the Jobs API run notebooks on Spark."""

import json
import re
from collections.abc import Iterator

import httpx
import pytest
from deltalake import DeltaTable

from common.airflow import COMMAND_TIMEOUT_SECONDS, AirflowApi, path_part
from common.clients import delta_options
from common.settings import Settings
from common.wait import wait_until
from stack.local import supervision
from tests.airflow_runs import RUN_SECONDS
from tests.e2e import stages
from tests.e2e.conftest import TEST_SECONDS
from tests.e2e.own_workspace import FAILING, SUMMARY, TABLE
from tests.make import Make
from workspace.folders import warehouse_key

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]

# Airflow looks into the folder every 30 s; three times that.
READ_SECONDS = 90.0
Ended = dict[str, str]
"""A run: `dag_run_id`, `state`, and more."""


@pytest.fixture(scope="module")
def api(demo: str, make: Make, stack: Settings) -> Iterator[AirflowApi]:  # noqa: ARG001 - Airflow runs
    """Airflow's API, with the Jobs API beside it, which the stack's profiles leave out; its Spark ends with it."""
    assert re.search(r"^ *jobs +healthy ", make("restart", "SERVICE=jobs"), re.M)
    yield AirflowApi(stack, COMMAND_TIMEOUT_SECONDS)
    supervision.server(stack).stopProcess("jobs")


@pytest.fixture(scope="module")
def runs(api: AirflowApi) -> dict[str, Ended]:
    """Switch both DAGs on, as the UI does, and return the run that each has begun by itself, once it has ended.

    One waits for the other: Spark's start takes 15 s, the notebooks 10 s. RUN_SECONDS is ten times that.
    """
    names = {SUMMARY, FAILING}
    wait_until(
        lambda: names <= {dag["dag_id"] for dag in api.get_all("dags", "dags")},
        timeout=READ_SECONDS,
        what="Airflow to read the DAGs",
        interval=1,
    )
    for dag in (SUMMARY, FAILING):
        api.patch(f"dags/{dag}", {"is_paused": False})
    return {dag: _ended(api, dag) for dag in (SUMMARY, FAILING)}


def _ended(api: AirflowApi, dag: str) -> Ended:
    def ended() -> list[Ended]:
        found: list[Ended] = api.get(f"dags/{dag}/dagRuns")["dag_runs"]
        return [run for run in found if run["state"] in ("success", "failed")]

    return wait_until(ended, timeout=RUN_SECONDS, what=f"a run of {dag} to end", interval=0.5)[0]


def _page_in_log(api: AirflowApi, dag: str, run: Ended) -> tuple[str, str]:
    """Return the log of a run's one task, and the address in it of its page."""
    path = f"dags/{dag}/dagRuns/{path_part(run['dag_run_id'])}/taskInstances/submit_run/logs/1"
    log = json.dumps(api.get(path, full_content="true")["content"])
    pages = re.findall(r"http://localhost:\d+/runs/\d+\?key=\w+", log)
    assert pages, log
    return log, pages[0]


def test_a_scheduled_notebook_fills_a_table(api: AirflowApi, stack: Settings, runs: dict[str, Ended]) -> None:
    run = runs[SUMMARY]
    log, page = _page_in_log(api, SUMMARY, run)
    assert (run["state"], run["run_type"]) == ("success", "scheduled"), log
    table = DeltaTable(f"s3://{stack.bucket}/{warehouse_key(TABLE)}", storage_options=delta_options(stack))
    expected = stages.ask(stack, "SELECT category, count(*) FROM batch.pin GROUP BY category")
    found = [(row["category"], row["count"]) for row in table.to_pyarrow_table().to_pylist()]
    assert sorted(found, key=str) == sorted(expected, key=str)
    assert f"{len(expected)} categories" in httpx.get(page, timeout=60).text


def test_a_notebook_that_fails_fails_its_task_which_names_the_page(
    api: AirflowApi, runs: dict[str, Ended]
) -> None:
    log, page = _page_in_log(api, FAILING, runs[FAILING])
    assert runs[FAILING]["state"] == "failed"
    assert "ValueError: no posts of pin" in log
    shown = httpx.get(page, timeout=60).text
    assert "so far" in shown
    assert "ValueError: no posts of pin" in shown
