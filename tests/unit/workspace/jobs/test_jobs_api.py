"""The Jobs API over HTTP: what Airflow's provider sends, and what comes back; the notebooks' process is a stand-in."""

import base64
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from common.settings import Settings
from common.wait import wait_until
from stack.local.isolated import make_settings
from workspace.folders import notebooks_folder
from workspace.jobs.app import create_app
from workspace.jobs.application import Application
from workspace.jobs.runner import Runner
from workspace.jobs.store import Store

WORKER = Path(__file__).with_name("stand_in_worker.py")
# A process of the stand-in starts in a tenth of a second; a busy machine took a hundred times that.
ENDED_SECONDS = 60.0


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    notebooks = tmp_path / "notebooks"
    (notebooks / "Users" / "me@example.org").mkdir(parents=True)
    for name in ("works", "fails", "loops", "dies", "stops"):
        (notebooks / f"{name}.py").write_text(name)
    (notebooks / "Users" / "me@example.org" / "mine.sql").write_text("-- Databricks notebook source")
    return make_settings(tmp_path / "state", NOTEBOOK_DIR=notebooks)


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store(settings.state_dir / "jobs")


@pytest.fixture
def client(settings: Settings, store: Store) -> Iterator[TestClient]:
    runner = Runner(store, notebooks_folder(settings), lambda: Application((sys.executable, str(WORKER)), {}))
    with TestClient(create_app(settings, store, runner), base_url="http://127.0.0.1") as client:
        client.headers["Authorization"] = f"Bearer {settings.jobs_api.token.get_secret_value()}"
        yield client


def submit(client: TestClient, path: str, **more: str) -> int:
    task = {"notebook_path": path, "base_parameters": {"table": "pin"}}
    body = {"existing_cluster_id": "1108", "run_name": "submit_run", "notebook_task": task, **more}
    answer = client.post("/api/2.2/jobs/runs/submit", json=body)
    assert answer.status_code == 200, answer.text
    run_id: int = answer.json()["run_id"]
    return run_id


def get(client: TestClient, run_id: int, what: str = "get") -> dict[str, Any]:
    answer = client.get(f"/api/2.1/jobs/runs/{what}", params={"run_id": run_id})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def ended(client: TestClient, run_id: int) -> dict[str, Any]:
    def state() -> dict[str, Any] | None:
        now: dict[str, Any] = get(client, run_id)["state"]
        return now if now["life_cycle_state"] in {"TERMINATED", "INTERNAL_ERROR"} else None

    found = wait_until(state, timeout=ENDED_SECONDS, what=f"run {run_id} to end")
    assert found
    return found


def wait_running(client: TestClient, run_id: int) -> None:
    wait_until(
        lambda: get(client, run_id)["state"]["life_cycle_state"] == "RUNNING",
        timeout=ENDED_SECONDS,
        what=f"run {run_id} to run",
    )


def test_a_notebook_succeeds_with_its_value(client: TestClient) -> None:
    run_id = submit(client, "/works", timeout_seconds="600")
    assert ended(client, run_id)["result_state"] == "SUCCESS"
    output = get(client, run_id, "get-output")
    assert output["notebook_output"] == {"result": "works", "truncated": False}
    assert "error" not in output
    run = output["metadata"]
    assert run["tasks"][0]["run_id"] == run_id
    assert run["tasks"][0]["notebook_task"]["notebook_path"] == "/works"
    assert run["start_time"] <= run["end_time"]


def test_a_failing_notebook_has_its_error(client: TestClient) -> None:
    run_id = submit(client, "/Users/me@example.org/fails")
    assert ended(client, run_id)["result_state"] == "FAILED"
    output = get(client, run_id, "get-output")
    assert (output["error"], output["error_trace"]) == ("ValueError: no", "cell 1")


def test_a_notebook_that_is_not_there_is_said(client: TestClient) -> None:
    state = ended(client, submit(client, "/Users/me@example.org/none"))
    assert (state["life_cycle_state"], state["result_state"]) == ("INTERNAL_ERROR", "FAILED")
    assert (
        "Unable to find the notebook: Path (/Users/me@example.org/none) doesn't exist: no notebook"
        in state["state_message"]
    )


def test_a_process_that_dies_fails_its_run_alone(client: TestClient) -> None:
    died, after = submit(client, "/dies"), submit(client, "/works")
    state = ended(client, died)
    assert state["result_state"] == "FAILED"
    assert "out of memory, or was killed" in state["state_message"]
    assert ended(client, after)["result_state"] == "SUCCESS"


def test_a_notebook_that_stops_spark_leaves_the_next_one_another(client: TestClient) -> None:
    stopped, after = submit(client, "/stops"), submit(client, "/works")
    assert [ended(client, run_id)["result_state"] for run_id in (stopped, after)] == ["SUCCESS", "SUCCESS"]


def test_runs_are_cancelled_while_they_wait_and_while_they_run(client: TestClient) -> None:
    running, waiting, after = (submit(client, path) for path in ("/loops", "/works", "/works"))
    wait_running(client, running)
    assert get(client, waiting)["state"]["life_cycle_state"] == "QUEUED"
    for run_id in (waiting, running):
        assert client.post("/api/2.2/jobs/runs/cancel", json={"run_id": str(run_id)}).json() == {}
    for run_id in (waiting, running):
        state = ended(client, run_id)
        assert (state["result_state"], state["user_cancelled_or_timedout"]) == ("CANCELED", True)
    assert ended(client, after)["result_state"] == "SUCCESS"


def test_a_run_that_is_cancelled_while_spark_starts_leaves_the_process_to_the_next(
    client: TestClient, settings: Settings, store: Store
) -> None:
    begins_late = notebooks_folder(settings) / "late.py"
    begins_late.write_text("slow, and loops")
    cancelled, after = submit(client, "/late"), submit(client, "/works")
    wait_running(client, cancelled)
    client.post("/api/2.2/jobs/runs/cancel", json={"run_id": str(cancelled)})
    assert get(client, cancelled)["state"]["life_cycle_state"] == "TERMINATING"
    begins_late.with_suffix(".go").touch()
    assert ended(client, cancelled)["result_state"] == "CANCELED"
    assert ended(client, after)["result_state"] == "SUCCESS"
    assert store.output(after).read_text() == store.output(cancelled).read_text()  # its process id


def test_one_token_is_one_run(client: TestClient) -> None:
    first = submit(client, "/works", idempotency_token="a")
    assert submit(client, "/works", idempotency_token="a") == first
    assert submit(client, "/works", idempotency_token="b") != first


def test_a_job_runs_with_parameters_of_its_own_and_the_calls(client: TestClient) -> None:
    task = {
        "task_key": "clean",
        "notebook_task": {"notebook_path": "/works", "base_parameters": {"a": "1", "b": "1"}},
    }
    job_id = client.post("/api/2.2/jobs/create", json={"name": "Daily", "tasks": [task]}).json()["job_id"]
    body = {"job_id": str(job_id), "notebook_params": {"b": "2"}}
    run_id = client.post("/api/2.2/jobs/run-now", json=body).json()["run_id"]
    assert ended(client, run_id)["result_state"] == "SUCCESS"
    run = get(client, run_id)
    assert (run["job_id"], run["run_name"], run["run_type"]) == (job_id, "Daily", "JOB_RUN")
    assert run["tasks"][0]["notebook_task"]["base_parameters"] == {"a": "1", "b": "2"}
    listed = client.get("/api/2.2/jobs/list", params={"name": "daily"}).json()
    assert [job["job_id"] for job in listed["jobs"]] == [job_id]
    assert client.get("/api/2.2/jobs/list", params={"name": "other"}).json() == {
        "jobs": [],
        "has_more": False,
    }


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        ("jobs/runs/submit", {}, "INVALID_PARAMETER_VALUE", "there is no task"),
        (
            "jobs/runs/submit",
            {"spark_python_task": {}},
            "INVALID_PARAMETER_VALUE",
            "spark_python_task cannot be run",
        ),
        (
            "jobs/runs/submit",
            {"tasks": [{}, {}]},
            "INVALID_PARAMETER_VALUE",
            "a run has one task here, not 2",
        ),
        ("jobs/runs/submit", {"notebook_task": {}}, "INVALID_PARAMETER_VALUE", "notebook_task.notebook_path"),
        (
            "jobs/runs/submit",
            {"notebook_task": {"notebook_path": "/works"}, "timeout_seconds": "soon"},
            "INVALID_PARAMETER_VALUE",
            "timeout_seconds: expected a whole number, not 'soon'",
        ),
        ("jobs/runs/submit", [], "MALFORMED_REQUEST", "expected a map"),
        ("jobs/runs/cancel", {"run_id": 99}, "INVALID_PARAMETER_VALUE", "Run 99 does not exist."),
        ("jobs/runs/cancel", {}, "INVALID_PARAMETER_VALUE", "Missing required field: run_id"),
        ("jobs/run-now", {"job_id": 99}, "INVALID_PARAMETER_VALUE", "Job 99 does not exist."),
    ],
)
def test_what_cannot_be_done_is_refused(
    client: TestClient, path: str, body: object, code: str, message: str
) -> None:
    answer = client.post(f"/api/2.2/{path}", json=body)
    assert answer.status_code == 400
    assert answer.json()["error_code"] == code
    assert message in answer.json()["message"]


def test_errors_have_the_apis_form(client: TestClient) -> None:
    unknown = client.get("/api/2.2/pipelines")
    assert (unknown.status_code, unknown.json()["error_code"]) == (404, "ENDPOINT_NOT_FOUND")
    malformed = client.post("/api/2.2/jobs/create", content=b"{")
    assert (malformed.status_code, malformed.json()["error_code"]) == (400, "MALFORMED_REQUEST")
    no_run = client.get("/api/2.2/jobs/runs/get")
    assert (no_run.status_code, no_run.json()["message"]) == (400, "Missing required field: run_id")


@pytest.mark.parametrize(("header", "status"), [("", 401), ("Basic dDp0", 401), ("Bearer wrong", 403)])
def test_a_caller_without_the_token_is_refused(client: TestClient, header: str, status: int) -> None:
    for method, path in (
        ("GET", "jobs/list"),
        ("POST", "jobs/runs/submit"),
        ("GET", "workspace/list?path=/"),
    ):
        answer = client.request(method, f"/api/2.2/{path}", headers={"Authorization": header})
        assert answer.status_code == status
        assert "JOBS_API_TOKEN" in answer.json()["message"]


@pytest.mark.parametrize(
    ("header", "status"), [({"Host": "evil.example"}, 421), ({"Origin": "http://evil"}, 403)]
)
def test_a_web_page_of_others_is_refused(client: TestClient, header: dict[str, str], status: int) -> None:
    assert client.get("/api/2.2/jobs/list", headers=header).status_code == status


def test_the_page_shows_what_was_printed_and_nothing_as_markup(client: TestClient) -> None:
    run_id = submit(client, "/works", run_name="<script>alert(1)</script>")
    ended(client, run_id)
    url = get(client, run_id)["run_page_url"].partition("localhost")[2].partition("/")[2]
    del client.headers["Authorization"]
    page = client.get(f"/{url}")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert "[1] &lt;b&gt;" in page.text
    assert "<script>" not in page.text
    assert client.get(f"/runs/{run_id}?key=wrong").status_code == 403
    assert client.get(f"/runs/{run_id}").status_code == 403


def test_notebooks_are_listed_exported_and_imported(client: TestClient) -> None:
    listed = client.get("/api/2.0/workspace/list", params={"path": "/"}).json()["objects"]
    assert {each["path"]: each["object_type"] for each in listed} == {
        "/Users": "DIRECTORY",
        "/dies": "NOTEBOOK",
        "/fails": "NOTEBOOK",
        "/loops": "NOTEBOOK",
        "/stops": "NOTEBOOK",
        "/works": "NOTEBOOK",
    }
    mine = client.get("/api/2.0/workspace/get-status", params={"path": "/Users/me@example.org/mine"}).json()
    assert (mine["object_type"], mine["language"]) == ("NOTEBOOK", "SQL")
    content = base64.b64encode(b"imported").decode()
    body = {"path": "/Users/me@example.org/new", "language": "PYTHON", "format": "SOURCE", "content": content}
    assert client.post("/api/2.0/workspace/import", json=body).json() == {}
    again = client.post("/api/2.0/workspace/import", json=body)
    assert (again.status_code, again.json()["error_code"]) == (400, "RESOURCE_ALREADY_EXISTS")
    assert client.post("/api/2.0/workspace/import", json={**body, "overwrite": "true"}).json() == {}
    exported = client.get("/api/2.0/workspace/export", params={"path": "/Users/me@example.org/new"}).json()
    assert base64.b64decode(exported["content"]) == b"imported"
    run_id = submit(client, "/Users/me@example.org/new")
    assert ended(client, run_id)["result_state"] == "SUCCESS"


@pytest.mark.parametrize("path", ["/../outside", "/Users/../../outside", "relative", "/Users/\0"])
def test_a_path_that_leads_out_is_refused(client: TestClient, settings: Settings, path: str) -> None:
    (notebooks_folder(settings).parent / "outside.py").write_text("works")
    for method, of in (("GET", "get-status"), ("GET", "list"), ("GET", "export")):
        answer = client.request(method, f"/api/2.0/workspace/{of}", params={"path": path})
        assert (answer.status_code, answer.json()["error_code"]) == (400, "INVALID_PARAMETER_VALUE")
    body = {"path": path, "language": "PYTHON", "content": "", "overwrite": True}
    assert client.post("/api/2.0/workspace/import", json=body).status_code == 400
    state = ended(client, submit(client, path))
    assert state["result_state"] == "FAILED"


def test_a_run_that_the_services_end_took_along_is_said(
    client: TestClient, settings: Settings, store: Store
) -> None:
    run_id = submit(client, "/loops")
    wait_running(client, run_id)
    again = Store(settings.state_dir / "jobs").run(run_id)
    assert again
    assert again.life_cycle == "INTERNAL_ERROR"
    assert again.outcome
    assert "was stopped" in again.outcome.message
    assert store.run(run_id)


def test_an_idle_application_is_ended(settings: Settings, store: Store) -> None:
    started: list[Application] = []

    def start() -> Application:
        started.append(Application((sys.executable, str(WORKER)), {}))
        return started[-1]

    runner = Runner(store, notebooks_folder(settings), start, idle_seconds=0.1)
    with TestClient(create_app(settings, store, runner), base_url="http://127.0.0.1") as client:
        client.headers["Authorization"] = f"Bearer {settings.jobs_api.token.get_secret_value()}"
        assert ended(client, submit(client, "/works"))["result_state"] == "SUCCESS"
        wait_until(lambda: not started[0].running, timeout=ENDED_SECONDS, what="the application to end")
        assert ended(client, submit(client, "/works"))["result_state"] == "SUCCESS"
    assert len(started) == 2
    wait_until(
        lambda: not any(thread.name == "runner" for thread in threading.enumerate()),
        timeout=ENDED_SECONDS,
        what="the runner to stop",
    )
