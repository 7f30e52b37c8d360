"""The DAG can be imported by Airflow, and is what docs/airflow.md says."""

import json
from pathlib import Path
from typing import Any

import pytest

from common.airflow import DAGS
from common.batch_progress import Progress
from common.settings import Withheld
from contracts.tables import Table
from operations.airflow import spark
from spark_jobs.batch.landing import LandedObject
from spark_jobs.batch.plan import Plan
from stack.airflow.environment import environment
from stack.local.isolated import make_settings
from tests.airflow_python import output_of

# Airflow reads its configuration as it is imported, so it gets a process of its own.
_DESCRIBE = """
import json
from airflow.dag_processing.dagbag import DagBag
bag = DagBag()
dag = bag.dags.get("pinterest_batch")
print(json.dumps({
    "errors": {str(name): str(error) for name, error in bag.import_errors.items()},
    "dags": sorted(bag.dags),
    "schedule": dag and [dag.schedule.expression, str(dag.schedule.timezone)],
    "catchup": dag and dag.catchup,
    "max_active_runs": dag and dag.max_active_runs,
    "paused": dag and dag.is_paused_upon_creation,
    "params": dag and dag.params.dump(),
    "tasks": {task.task_id: {
        "after": sorted(task.upstream_task_ids),
        "retries": task.retries,
        "backoff": bool(task.retry_exponential_backoff),
        "kind": type(task).__name__,
    } for task in (dag.tasks if dag else [])},
}))
"""


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = make_settings(tmp_path_factory.mktemp("airflow"))
    found: dict[str, Any] = output_of(_DESCRIBE, settings)
    return found


def test_it_is_imported_without_errors(described: dict[str, Any]) -> None:
    assert described["errors"] == {}
    assert described["dags"] == ["pinterest_batch"]


def test_it_runs_at_noon_utc_one_at_a_time(described: dict[str, Any]) -> None:
    assert described["schedule"] == ["0 12 * * *", "UTC"]
    assert described["catchup"] is False
    assert described["max_active_runs"] == 1
    assert described["paused"] is False
    assert described["params"] == {"full": False, "table": "all"}


def test_its_tasks_follow_each_other_and_are_repeated(described: dict[str, Any]) -> None:
    tasks = described["tasks"]
    assert {name: task["after"] for name, task in tasks.items()} == {
        "landed": [],
        "clean_and_publish": ["landed"],
        "reconcile": ["clean_and_publish", "landed"],
        "answers": ["reconcile"],
    }
    assert all(task["retries"] == 3 and task["backoff"] for task in tasks.values())
    assert tasks["clean_and_publish"]["kind"] == "SparkSubmitOperator"


@pytest.mark.parametrize(("size", "brief"), [(512 * 1024**2 - 1, True), (512 * 1024**2, False)])
def test_java_is_told_whether_the_run_is_a_short_one(
    size: int, brief: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spark, "load_settings", lambda: make_settings(tmp_path))
    landed: dict[Table, list[LandedObject]] = {"pin": [LandedObject("t", 0, 0, "key", size)]}
    monkeypatch.setattr(spark, "make_plan", lambda *_, **__: Plan("full", landed, Progress(), replace=True))
    assert spark.options()["spark.driver.extraJavaOptions"] == "{{ jvm(params.full, params.table) }}"
    told = spark.jvm(full=True, table="all")
    assert ["TieredStopAtLevel=1" in told, "CompilerDirectivesFile=" in told] == [brief, not brief]


def test_its_file_defines_no_function() -> None:
    assert not any(line.lstrip().startswith("def ") for line in (DAGS / "pinterest_batch.py").open())


def test_airflow_listens_on_loopback_and_has_no_examples(tmp_path: Path) -> None:
    variables = environment(make_settings(tmp_path))
    assert variables["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert variables["AIRFLOW__CORE__LOAD_EXAMPLES"] == "False"


def test_the_databricks_operators_find_the_jobs_api(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, JOBS_API_URL="http://jobs:8090")
    connection = json.loads(environment(settings)["AIRFLOW_CONN_DATABRICKS_DEFAULT"])
    assert connection == {
        "conn_type": "databricks",
        "schema": "http",
        "host": "jobs",
        "port": 8090,
        "password": settings.jobs_api.token.get_secret_value(),
    }


def test_a_part_without_the_token_has_no_connection_to_the_jobs_api(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, JOBS_API_TOKEN=Withheld("JOBS_API_TOKEN", "airflow-apiserver"))
    assert "AIRFLOW_CONN_DATABRICKS_DEFAULT" not in environment(settings)
