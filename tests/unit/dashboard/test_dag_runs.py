"""Test what the page Runs makes of Airflow's runs, and how they are read."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.airflow import AirflowError
from common.settings import Settings
from dashboard.dag_runs import LINK, dag_run_rows, failures, task_chart
from dashboard.readings.dag_runs import DagRun, DagRunReader, TaskRun
from dashboard.readings.scheduled import ScheduledRun
from operations.airflow.trigger import TASKS
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import HOSTILE
from tests.unit.dashboard.vega import validate

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
PASSED = DagRun(
    "scheduled__2026-01-02T12:00:00+00:00",
    "success",
    datetime(2026, 1, 2, 12, tzinfo=UTC),
    WHEN,
    41.26,
    tuple(TaskRun(name, "success", 10.0) for name in TASKS),
)
FAILED = DagRun(
    "manual__1",
    "failed",
    None,
    WHEN + timedelta(hours=1),
    30.0,
    (
        TaskRun("landed", "success", 1.0),
        TaskRun("clean_and_publish", "success", 20.0),
        TaskRun("reconcile", "failed", 9.0),
        TaskRun("answers", "upstream_failed", None),
    ),
)
QUEUED = DagRun("manual__2", "queued", None, None, None)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, AIRFLOW_PORT=18080)


def test_a_run_has_its_state_its_times_and_what_it_kept(settings: Settings) -> None:
    kept = ScheduledRun(PASSED.run_id, WHEN, 4.0, 100, 5, 80)
    failed, passed = dag_run_rows(settings, [FAILED, PASSED], [kept])
    assert (failed["state"], failed["failed task"], failed["rows served"]) == ("failed", "reconcile", None)
    assert (passed["state"], passed["failed task"], passed["seconds"]) == ("success", "", 41.3)
    assert (passed["logical date (UTC)"], failed["logical date (UTC)"]) == ("2026-01-02 12:00", None)
    assert (passed["started at (UTC)"], passed["rows served"]) == ("2026-01-02 03:04:05", 80)
    address = "http://localhost:18080/dags/pinterest_batch/runs/scheduled__2026-01-02T12%3A00%3A00%2B00%3A00"
    assert passed[LINK] == address


def test_a_run_that_waits_has_no_times(settings: Settings) -> None:
    [row] = dag_run_rows(settings, [QUEUED], [])
    assert (row["state"], row["started at (UTC)"], row["seconds"]) == ("queued", None, None)


def test_a_hostile_run_id_is_shown_and_linked_as_text(settings: Settings) -> None:
    [row] = dag_run_rows(settings, [replace(QUEUED, run_id=HOSTILE)], [])
    assert not {"\x1b", "\u202e"} & set(row["run"])
    assert not {"<", " ", "\x1b", '"', ")"} & set(row[LINK])


def test_tasks_are_drawn_in_their_order_and_a_failed_one_is_red() -> None:
    spec, data = task_chart([FAILED, PASSED, QUEUED])
    validate(spec, data)
    bars = [(row["task"], row["state"]) for row in data]
    assert bars[:3] == [("landed", "success"), ("clean_and_publish", "success"), ("reconcile", "failed")]
    assert len(bars) == 3 + 4  # a task that did not run has none
    condition = spec["encoding"]["color"]["condition"]
    assert condition == {"test": "datum.state === 'failed'", "value": "#c62828"}


def test_a_failure_says_what_to_do_and_where_to_look(settings: Settings) -> None:
    [failure] = failures(settings, [FAILED, PASSED])
    assert (failure.run_id, failure.tasks) == ("manual__1", ("reconcile",))
    assert "`make quarantine`" in failure.remedies[0]
    assert failure.address == "http://localhost:18080/dags/pinterest_batch/runs/manual__1"


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_its_remedy(settings: Settings, task: str) -> None:
    [failure] = failures(settings, [replace(FAILED, tasks=(TaskRun(task, "failed", 1.0),))])
    assert len(failure.remedies) == 1


def test_a_failure_before_a_run_that_passed_is_over(settings: Settings) -> None:
    later = replace(PASSED, started_at=WHEN + timedelta(hours=2))
    assert failures(settings, [later, FAILED]) == []


@pytest.mark.parametrize("others", [(), (QUEUED,), (replace(PASSED, state="running"),)])
def test_without_a_run_that_passed_every_failure_counts(
    settings: Settings, others: tuple[DagRun, ...]
) -> None:
    [failure] = failures(settings, [*others, FAILED])
    assert failure.run_id == FAILED.run_id


##### How they are read #####

RUN = {
    "dag_run_id": "manual__1",
    "state": "failed",
    "logical_date": None,
    "start_date": "2026-01-02T03:04:05Z",
    "run_after": "2026-01-02T03:04:00Z",
    "duration": 30.0,
}
ANSWERS = {
    "dagRuns": {"dag_runs": [RUN], "total_entries": 1},
    "taskInstances": {
        "task_instances": [
            {"dag_run_id": run, "task_id": name, "state": state, "duration": seconds}
            for run, name, state, seconds in (
                ("manual__1", "reconcile", None, None),
                ("manual__1", "removed", "success", 2.0),
                ("manual__1", "landed", "failed", 1.5),
                ("manual__0", "landed", "success", 1.0),
            )
        ],
        "total_entries": 4,
    },
}


class Airflow:
    """Airflow's API server, whose tokens go stale when a test has them."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.tokens = 0
        self.valid = {"1"}
        self.answers: dict[str, Any] = ANSWERS

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        if request.url.path == "/auth/token":
            self.tokens += 1
            return httpx.Response(201, json={"access_token": str(self.tokens)})
        if request.headers["Authorization"].removeprefix("Bearer ") not in self.valid:
            return httpx.Response(401, json={"detail": "Invalid JWT"})
        return httpx.Response(200, json=self.answers[request.url.path.rpartition("/")[2]])


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    server = Airflow()
    client: Callable[..., httpx.Client] = partial(httpx.Client, transport=httpx.MockTransport(server))
    monkeypatch.setattr(httpx, "Client", client)
    return server


def test_runs_are_read_with_their_tasks_in_order(airflow: Airflow, settings: Settings) -> None:
    [run] = DagRunReader().read(settings)
    assert (run.run_id, run.state, run.started_at) == ("manual__1", "failed", WHEN)
    assert [task.name for task in run.tasks] == ["landed", "reconcile", "removed"]
    assert run.tasks[0] == TaskRun("landed", "failed", 1.5)
    assert airflow.sent[-1].url.params["run_after_gte"] == RUN["run_after"]


def test_it_logs_in_once_as_the_user_who_can_only_read(airflow: Airflow, settings: Settings) -> None:
    reader = DagRunReader()
    assert reader.read(settings) == reader.read(settings)
    assert [request.method for request in airflow.sent] == ["POST", *["GET"] * 4]
    body = airflow.sent[0].content.decode()
    assert '"dashboard"' in body
    assert settings.airflow.dashboard_password.get_secret_value() in body


def test_a_token_that_has_gone_stale_is_renewed(airflow: Airflow, settings: Settings) -> None:
    reader = DagRunReader()
    reader.read(settings)
    airflow.valid = {"2"}
    assert len(reader.read(settings)) == 1
    airflow.valid = set()
    with pytest.raises(AirflowError, match="Invalid JWT"):
        reader.read(settings)


def test_before_the_first_run_there_is_nothing(airflow: Airflow, settings: Settings) -> None:
    airflow.answers = {"dagRuns": {"dag_runs": [], "total_entries": 0}}
    assert DagRunReader().read(settings) == ()
