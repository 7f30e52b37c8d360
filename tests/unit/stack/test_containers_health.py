"""The health checks of our own containers: what each takes for well, and what it says else."""

import json
import subprocess
import sys
from typing import Any

import pytest
import yaml

from common.settings import ROOT
from stack.containers import health

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
MASTER = {"status": "ALIVE", "workers": [{"id": "one", "state": "ALIVE"}, {"id": "two", "state": "DEAD"}]}
AIRFLOW = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "unhealthy"},
    "dag_processor": {"status": None},
}


@pytest.fixture(autouse=True)
def pages(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what is to be read, by port and path; the tests change it."""
    found: dict[str, Any] = {
        "8080/json/": MASTER,
        "8081/json/": {"id": "one"},
        "9/api/v2/monitor/health": AIRFLOW,
        "8888/api": {"version": "2.21.1"},
        "7/health": {"service": "jobs"},
        "8501/_stcore/health": "ok",
    }

    def text(url: str) -> str:
        said = found[url.split(":")[2]]
        return said if isinstance(said, str) else json.dumps(said)

    monkeypatch.setattr(health, "text", text)
    monkeypatch.setenv("AIRFLOW_URL", "http://airflow:9")
    monkeypatch.setenv("JOBS_API_URL", "http://jobs:7")
    return found


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        ("spark-master", None),
        ("spark-worker", None),
        ("dashboard", None),
        ("notebook", None),
        ("jobs", None),
        ("airflow-apiserver", None),
        ("airflow-scheduler", "Airflow says that its scheduler is unhealthy"),
        ("airflow-dag-processor", "Airflow says that its dag_processor is None"),
    ],
)
def test_verdicts(service: str, problem: str | None) -> None:
    assert health.CHECKS[service]() == problem


@pytest.mark.parametrize(("own", "state"), [("two", "DEAD"), ("three", "unknown")])
def test_a_worker_that_the_master_does_not_count_on(pages: dict[str, Any], own: str, state: str) -> None:
    pages["8081/json/"] = {"id": own}
    assert health.CHECKS["spark-worker"]() == f"to the master the worker is {state}"


def test_a_master_that_does_not_lead(pages: dict[str, dict[str, Any]]) -> None:
    pages["8080/json/"] = MASTER | {"status": "STANDBY"}
    assert health.CHECKS["spark-master"]() == "the master is STANDBY"


def test_nothing_that_answers_is_a_status_and_a_reason() -> None:
    """As the container runs it: the standard library is all that it loads."""
    environment = {"REST_PROXY_URL": "http://127.0.0.1:1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-S", "-m", "stack.containers.health", "rest-proxy"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Connection refused" in done.stderr


def test_each_of_our_services_has_one() -> None:
    health_of_its_own = {"localstack"}  # another's program in our image
    asked = {
        body["healthcheck"]["test"].removeprefix("python -m stack.containers.health "): name
        for name, body in COMPOSE["services"].items()
        if body["image"].startswith("pinterest-pipeline/") and "test" in body["healthcheck"]
        if name not in health_of_its_own
    }
    assert asked == {name: name for name in health.CHECKS}
