"""Health checks of our own containers: `python -m stack.containers.health SERVICE`, inside of its container.

The names in a Compose network are the project's own, so none need prove who answers, as `common.health` does.
It takes nothing but the standard library: with our settings and clients a check takes 0.7 s of a core and 90 MB of the
service's memory.
"""

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from common.state_file import problem_in

# All answer in milliseconds; a machine that is starting everything takes longer.
_TIMEOUT_SECONDS = 5


def text(url: str) -> str:
    """Return what a page says.

    Raises:
        OSError: nothing answers, or with an error.
    """
    with urlopen(url, timeout=_TIMEOUT_SECONDS) as answer:  # noqa: S310 - our own addresses
        said: bytes = answer.read()
        return said.decode()


def page(url: str) -> dict[str, Any]:
    """Return what a page of JSON says. Raises as `text` does, and ValueError where it is none."""
    said: dict[str, Any] = json.loads(text(url))
    return said


def _state(service: str) -> str | None:
    return problem_in(Path(os.environ["STATE_DIR"]), service)


def _rest_proxy() -> str | None:
    """It answers 503 while Kafka is gone, which is an OSError here."""
    page(f"{os.environ['REST_PROXY_URL']}/health")
    return None


def _airflow(part: str) -> str | None:
    """By the page on which the API server has the heartbeats of all parts."""
    status = page(f"{os.environ['AIRFLOW_URL']}/api/v2/monitor/health")[part]["status"]
    return None if status == "healthy" else f"Airflow says that its {part} is {status}"


def _spark_master() -> str | None:
    """By the JSON page of its web UI (Spark's "Monitoring and Instrumentation"): it leads."""
    status = page("http://spark-master:8080/json/")["status"]
    return None if status == "ALIVE" else f"the master is {status}"


def _spark_worker() -> str | None:
    """It is one that the master counts on."""
    own = page("http://localhost:8081/json/")["id"]
    states = {worker["id"]: worker["state"] for worker in page("http://spark-master:8080/json/")["workers"]}
    return None if states.get(own) == "ALIVE" else f"to the master the worker is {states.get(own, 'unknown')}"


def _jobs() -> str | None:
    """It says its name to whoever asks."""
    found = page(f"{os.environ['JOBS_API_URL']}/health")
    return None if found.get("service") == "jobs" else "it is another server"


def _dashboard() -> str | None:
    """Streamlit's server says that it is well to whoever asks."""
    found = text(f"http://localhost:{os.environ.get('DASHBOARD_PORT') or 8501}/_stcore/health")
    return None if found == "ok" else "it is another server"


def _notebook() -> str | None:
    """JupyterLab's server says its version to whoever asks."""
    found = page(f"http://localhost:{os.environ.get('NOTEBOOK_PORT') or 8888}/api")
    return None if "version" in found else "it is another server"


CHECKS: dict[str, Callable[[], str | None]] = {
    "provision": partial(_state, "provision"),
    "rest-proxy": _rest_proxy,
    "s3-sink": partial(_state, "s3-sink"),
    "streaming-writer": partial(_state, "streaming-writer"),
    "airflow-apiserver": partial(_airflow, "metadatabase"),
    "airflow-scheduler": partial(_airflow, "scheduler"),
    "airflow-dag-processor": partial(_airflow, "dag_processor"),
    "dashboard": _dashboard,
    "notebook": _notebook,
    "jobs": _jobs,
    "spark-master": _spark_master,
    "spark-worker": _spark_worker,
}


def main() -> None:
    """End with status 1 and the reason where the service is not well."""
    try:
        problem = CHECKS[sys.argv[1]]()
    except (OSError, ValueError, KeyError) as error:  # nothing answers, or not yet all of it
        problem = repr(error)
    if problem:
        sys.exit(problem)


if __name__ == "__main__":
    main()
