"""Airflow as `make up` starts it: its scheduler is killed amid a run, and people see the DAG's graph in a browser."""

import os
import signal

import pytest

from services.airflow import trigger
from services.common import health
from services.common.airflow import AirflowApi
from services.common.settings import TABLES, Settings
from services.common.wait import wait_until
from services.local import supervision
from tests.e2e import hops
from tests.e2e.browser import Browser, missing
from tests.e2e.conftest import ARTEFACTS, TEST_SECONDS, Make

pytestmark = [
    pytest.mark.usefixtures("demo"),
    pytest.mark.timeout(TEST_SECONDS),
]

SCHEDULER = "airflow-scheduler"
# A run takes 40 s on two idle cores. Where the task dies too, a minute goes by until that is seen, and it starts again.
RUN_SECONDS = 300.0


def _task_state(api: AirflowApi, run_id: str, name: str) -> str | None:
    return next((each["state"] for each in trigger.tasks_of(api, run_id) if each["task_id"] == name), None)


def _ended(api: AirflowApi, run_id: str) -> str:
    state = wait_until(
        lambda: (found := trigger.run_of(api, run_id)["state"]) in ("success", "failed") and found,
        timeout=RUN_SECONDS,
        what=f"{run_id} to end",
        interval=1,
    )
    return str(state)


def _successful_runs(stack: Settings) -> int:
    return int(hops.ask(stack, "SELECT count(*) FROM ops.batch_runs WHERE error IS NULL")[0][0])


def test_a_run_outlives_its_killed_scheduler(make: Make, stack: Settings) -> None:
    before, runs = [hops.served_rows(stack, table) for table in TABLES], _successful_runs(stack)
    api = AirflowApi(stack)
    run_id = trigger.start(api, full=True, table="all")
    wait_until(
        lambda: _task_state(api, run_id, "clean_and_publish") == "running",
        timeout=RUN_SECONDS,
        what="the batch job to run",
        interval=0.2,
    )
    pid = supervision.states(stack)[SCHEDULER].pid
    os.kill(pid, signal.SIGKILL)
    wait_until(
        lambda: (
            supervision.states(stack)[SCHEDULER].pid not in (0, pid)
            and health.problem(SCHEDULER, stack) is None
        ),
        timeout=RUN_SECONDS,
        what="the scheduler's restart",
        interval=0.5,
    )
    assert _ended(api, run_id) == "success"
    assert [hops.served_rows(stack, table) for table in TABLES] == before
    assert _successful_runs(stack) >= runs + 1
    assert "All hops add up" in make("verify")


@pytest.mark.skipif(bool(missing()), reason=missing())
def test_the_graph_is_seen_in_a_browser(stack: Settings) -> None:
    url = f"http://localhost:{stack.airflow_port}"  # its base URL; a cookie is of one name of the host
    with Browser() as browser:
        browser.log_in(url, stack.airflow_user, stack.airflow_password.get_secret_value())
        browser.open_graph(f"{url}/dags/{trigger.DAG}")
        shown = browser.nodes()
        browser.keep_screenshot(ARTEFACTS / "airflow-graph.png")
    for task in ("landed", "clean_and_publish", "reconcile", "answers"):
        assert any(task in text for text in shown), shown
