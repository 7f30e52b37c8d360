"""Airflow as `make up` starts it: its scheduler is killed amid a run, and people see the DAG's graph in a browser."""

import os
import signal
from collections.abc import Iterator

import pytest

from bench.chromium import missing
from common import health
from common.airflow import COMMAND_TIMEOUT_SECONDS, AirflowApi, ui_url
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES
from operations.airflow import trigger
from stack.local import supervision
from tests.airflow_runs import RUN_SECONDS, ended, wait_for_task
from tests.e2e import stages
from tests.e2e.browser import Browser
from tests.e2e.conftest import ARTEFACTS, TEST_SECONDS
from tests.make import Make

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]
seen_in_a_browser = pytest.mark.skipif(bool(missing()), reason=missing())

SCHEDULER = "airflow-scheduler"


def _successful_runs(stack: Settings) -> int:
    return int(stages.ask(stack, "SELECT count(*) FROM ops.batch_runs WHERE error IS NULL")[0][0])


def test_a_run_outlives_its_killed_scheduler(make: Make, stack: Settings) -> None:
    before, runs = [stages.served_rows(stack, table) for table in TABLES], _successful_runs(stack)
    api = AirflowApi(stack, COMMAND_TIMEOUT_SECONDS)
    run_id = trigger.start(api, full=True, table="all")
    wait_for_task(api, run_id, "clean_and_publish", "running")
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
    assert ended(api, run_id) == "success"
    assert [stages.served_rows(stack, table) for table in TABLES] == before
    assert _successful_runs(stack) >= runs + 1
    assert "All hops add up" in make("verify")


@pytest.fixture(scope="module")
def browser(stack: Settings) -> Iterator[Browser]:
    """A browser in which somebody has logged in."""
    with Browser() as browser:
        browser.log_in(ui_url(stack), stack.airflow.user, stack.airflow.password.get_secret_value())
        yield browser


@seen_in_a_browser
def test_the_home_page_says_why_the_triggerer_is_red(browser: Browser, stack: Settings) -> None:
    browser.open_until_seen(ui_url(stack), "All is well though Triggerer is red")
    browser.keep_screenshot(ARTEFACTS / "airflow-home.png")


@seen_in_a_browser
def test_the_graph_is_seen(browser: Browser, stack: Settings) -> None:
    browser.open_graph(f"{ui_url(stack)}/dags/{trigger.DAG}")
    shown = browser.nodes()
    browser.keep_screenshot(ARTEFACTS / "airflow-graph.png")
    for task in ("landed", "clean_and_publish", "reconcile", "answers"):
        assert any(task in text for text in shown), shown
