"""Runs of the DAG over the REST API, in a real Airflow, on real Kafka, LocalStack, Postgres and Spark."""

import json
import secrets
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import pytest
from confluent_kafka import Producer

from common import airflow, health
from common.airflow import COMMAND_TIMEOUT_SECONDS, AirflowApi
from common.clients import postgres_connection
from common.settings import ROOT, Settings
from common.terminal import make_console
from contracts.tables import TABLES
from dashboard.readings.dag_runs import DagRunReader
from operations.airflow import backfill, trigger
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.provision.kafka_rights import ensure_rights
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_topics
from spark_jobs.sinks import postgres as batch_postgres
from stack.local.isolated import ServiceProcess
from tests.airflow_runs import RUN_SECONDS, ended, task, wait_for_task
from tests.kafka_clients import as_user
from tests.records import geo, pin, user

PARTS = ("api-server", "scheduler", "dag-processor")
SERVICES = {
    "api-server": "airflow-apiserver",
    "scheduler": "airflow-scheduler",
    "dag-processor": "airflow-dag-processor",
}
MAKERS = {"pin": pin, "geo": geo, "user": user}
# Airflow's tables are made in 25 s, beside another suite in twice that; four times that.
INIT_SECONDS = 200.0
# A test has two runs at the most; the first one waits for all servers too.
pytestmark = pytest.mark.timeout(2 * RUN_SECONDS + INIT_SECONDS)


@pytest.fixture(scope="module")
def stack(kafka: Settings, localstack: Settings, postgres: Settings) -> Settings:  # noqa: ARG001 - they have to run
    """The servers, with a schema, and topics, streams and a bucket that no other file has; no sink yet."""
    settings = postgres.replace(USER_ID=secrets.token_hex(6))
    ensure_rights(settings)
    ensure_topics(settings)
    ensure_streams(settings)
    ensure_bucket(settings)
    ensure_schema(settings)
    return settings


@pytest.fixture(scope="module")
def api(stack: Settings) -> Iterator[AirflowApi]:
    """A fresh Airflow, as `make up` starts it."""
    lean = stack.replace(SPARK_MASTER="local[2]", SPARK_DRIVER_MEMORY="1g")
    logs = lean.state_dir
    with ExitStack() as running:
        done = ServiceProcess(lean, "stack.airflow.init", log=logs / "airflow-init.test.log")
        done.start()
        assert done.process is not None
        assert done.process.wait(INIT_SECONDS) == 0, done.output()
        parts = {
            part: running.enter_context(
                ServiceProcess(lean, "stack.airflow.launch", *words(part), log=logs / f"{part}.test.log")
            )
            for part in PARTS
        }
        for part, process in parts.items():
            process.wait_healthy(lambda name=SERVICES[part]: health.problem(name, lean) is None)  # type: ignore[misc]
        _only_loopback_listens(parts.values())
        yield AirflowApi(lean, COMMAND_TIMEOUT_SECONDS)


def words(part: str) -> tuple[str, ...]:
    return (part, "--skip-serve-logs") if part == "scheduler" else (part,)


def _only_loopback_listens(parts: Iterable[ServiceProcess]) -> None:
    for part in parts:
        assert part.process is not None
        root = psutil.Process(part.process.pid)
        for process in (root, *root.children(recursive=True)):
            listening = [one for one in process.net_connections("tcp") if one.status == psutil.CONN_LISTEN]
            assert {one.laddr.ip for one in listening} <= {"127.0.0.1"}, process


@pytest.fixture(scope="module")
def sink(stack: Settings) -> ServiceProcess:
    return ServiceProcess(stack, "services.s3_sink", log=stack.state_dir / "s3-sink.airflow.log")


@pytest.fixture(scope="module", autouse=True)
def _stop_sink(sink: ServiceProcess) -> Iterator[None]:
    yield
    sink.stop()


def produce(settings: Settings, first: int, count: int) -> None:
    producer = Producer(as_user(settings))
    for table in TABLES:
        for ind in range(first, first + count):
            producer.produce(settings.topic(table), json.dumps(MAKERS[table](ind)).encode(), key=str(ind))
    assert producer.flush(30) == 0


def served(settings: Settings) -> list[list[tuple[Any, ...]]]:
    tables = ("batch.pin", "batch.geo", "batch.users", "quarantine.batch")
    with closing(postgres_connection(settings)) as connection, connection.cursor() as cursor:
        found = []
        for table in tables:
            cursor.execute(f"TABLE {table} ORDER BY 1, 2, 3")
            found.append(cursor.fetchall())
        return found


def verify(settings: Settings) -> subprocess.CompletedProcess[str]:
    process = ServiceProcess(settings, "operations.verify", log=settings.state_dir / "verify.log")
    return subprocess.run(
        [sys.executable, "-m", "operations.verify"],
        env=process.environment | {"COLUMNS": "200"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_1_a_run_waits_for_the_landing_zone(api: AirflowApi, stack: Settings, sink: ServiceProcess) -> None:
    assert api.get("dags/~/dagRuns")["dag_runs"] == []  # none is made up for at a first start
    produce(stack, 0, 200)
    run_id = trigger.start(api, full=False, table="all")
    wait_for_task(api, run_id, "landed", "running")
    sink.start()
    assert ended(api, run_id) == "success"
    assert api.get("dags", limit=10)["total_entries"] == 1  # no examples
    assert [each["task_id"] for each in trigger.tasks_of(api, run_id)] == [
        "landed", "clean_and_publish", "reconcile", "answers",
    ]  # fmt: skip
    assert [len(rows) for rows in served(stack)] == [200, 200, 200, 0]
    with closing(postgres_connection(stack, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT count(*), min(dag_run_id) FROM ops.query_answers")
        assert cursor.fetchall() == [(9, run_id)]
    assert verify(stack).returncode == 0


def test_2_a_task_that_fails_is_tried_again(api: AirflowApi, stack: Settings) -> None:
    produce(stack, 200, 50)
    with closing(postgres_connection(stack, "batch_writer")) as other:
        assert batch_postgres.lock(other)  # as another batch run would
        run_id = trigger.start(api, full=False, table="all")
        failed = wait_for_task(api, run_id, "clean_and_publish", "up_for_retry")
        assert "another batch run is at work; wait for its end" in "\n".join(
            trigger.log_of(api, run_id, failed)
        )
    assert trigger.follow(api, run_id, make_console(quiet=True))
    assert task(api, run_id, "clean_and_publish")["try_number"] == 2
    assert len(served(stack)[0]) == 250


def test_3_backfill_and_full_rebuild_leave_the_same_rows(
    api: AirflowApi, stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = served(stack)
    monkeypatch.setattr(airflow, "PAGE", 1)  # each list takes several requests
    days = (datetime(2026, 1, 5, tzinfo=UTC), datetime(2026, 1, 5, 23, tzinfo=UTC))
    assert backfill.follow(api, backfill.start(api, days), days, make_console(quiet=True))
    assert len(trigger.tasks_of(api, backfill.runs_of(api, days)[0]["dag_run_id"])) == 4
    assert served(stack) == before
    assert ended(api, trigger.start(api, full=True, table="all")) == "success"
    assert served(stack) == before


def test_4_what_is_lost_or_changed_is_found_and_mended(api: AirflowApi, stack: Settings) -> None:
    before = served(stack)
    with closing(postgres_connection(stack)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM batch.geo WHERE ind = 7")
        cursor.execute("UPDATE batch.pin SET title = title || '!' WHERE ind = 8")
    found = verify(stack)
    assert found.returncode == 1
    assert "geo: 250 rows in Delta, 249 in Postgres" in found.stdout
    assert "pin: the values in Delta" in found.stdout
    assert ended(api, trigger.start(api, full=True, table="all")) == "success"
    assert served(stack) == before
    assert verify(stack).returncode == 0


def test_5_a_broken_threshold_fails_the_reconciliation(api: AirflowApi, stack: Settings) -> None:
    producer = Producer(as_user(stack))
    for _ in range(100):
        producer.produce(stack.topic("pin"), b"not JSON")
    assert producer.flush(30) == 0
    run_id = trigger.start(api, full=False, table="all")
    failed = wait_for_task(api, run_id, "reconcile", "up_for_retry")
    log = "\n".join(trigger.log_of(api, run_id, failed))
    assert "pin: 100 of 350 records quarantined: 28.57% is above QUALITY_QUARANTINE_FAIL=0.05" in log
    assert "What to do:" in log


def test_6_the_dashboards_user_reads_runs_and_their_tasks(api: AirflowApi, stack: Settings) -> None:
    runs = api.get(f"dags/{trigger.DAG}/dagRuns", order_by="-run_after")["dag_runs"]
    found = DagRunReader().read(stack)
    assert [run.run_id for run in found] == [run["dag_run_id"] for run in runs]
    passed = next(run for run in found if run.state == "success")
    assert passed.started_at
    assert passed.seconds
    assert [(task.name, task.state) for task in passed.tasks] == [(name, "success") for name in trigger.TASKS]
    assert sum(task.seconds or 0 for task in passed.tasks) <= passed.seconds


def test_7_the_dashboards_user_can_change_nothing(api: AirflowApi, stack: Settings) -> None:
    run_id = next(run.run_id for run in DagRunReader().read(stack) if run.state == "success")
    dag, run = f"dags/{trigger.DAG}", f"dags/{trigger.DAG}/dagRuns/{airflow.path_part(run_id)}"
    before = {path: api.get(path) for path in (dag, run, f"{run}/taskInstances")}
    assert _statuses(
        stack,
        ("GET", run, None),
        ("POST", f"{dag}/dagRuns", {"logical_date": None}),
        ("PATCH", dag, {"is_paused": True}),
        ("DELETE", dag, None),
        ("PATCH", run, {"state": "failed"}),
        ("DELETE", run, None),
        ("POST", f"{run}/clear", {"dry_run": False}),
        ("POST", f"{dag}/clearTaskInstances", {"dry_run": False, "dag_run_id": run_id}),
        ("PATCH", f"{run}/taskInstances/landed", {"new_state": "failed"}),
        ("POST", "variables", {"key": "a", "value": "b"}),
        ("POST", "pools", {"name": "a", "slots": 1}),
        ("POST", "connections", {"connection_id": "a", "conn_type": "http"}),
        # Nor does it see what tasks log and hand on, or what Airflow keeps of servers.
        ("GET", f"{run}/taskInstances/landed/logs/1", None),
        ("GET", f"{run}/taskInstances/landed/xcomEntries", None),
        ("GET", "connections", None),
        ("GET", "variables", None),
        ("GET", "config", None),
    ) == [200, *[403] * 16]
    assert {path: api.get(path) for path in before} == before


def test_8_what_airflow_has_kept_for_90_days_is_removed_at_its_next_start(
    api: AirflowApi, stack: Settings
) -> None:
    runs = [run["dag_run_id"] for run in api.get("dags/~/dagRuns", order_by="run_after")["dag_runs"]]
    age = "UPDATE dag_run SET start_date = now() - %s * interval '1 day' WHERE run_id = %s"
    with (
        closing(postgres_connection(stack, database="airflow")) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        cursor.executemany(age, [(91, runs[0]), (89, runs[1])])
    again = ServiceProcess(stack, "stack.airflow.init", log=stack.state_dir / "airflow-init.again.log")
    again.start()
    assert again.wait(INIT_SECONDS) == 0, again.output()
    left = api.get("dags/~/dagRuns", order_by="run_after")["dag_runs"]
    assert [run["dag_run_id"] for run in left] == runs[1:]


def _statuses(settings: Settings, *calls: tuple[str, str, dict[str, Any] | None]) -> list[int]:
    """Return how Airflow answers the dashboard's user."""
    who = airflow.reader(settings)
    user = {"username": who.user, "password": who.password.get_secret_value()}
    with httpx.Client(base_url=settings.airflow.url, timeout=COMMAND_TIMEOUT_SECONDS) as client:
        token = client.post("/auth/token", json=user).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        return [
            client.request(method, f"/api/v2/{path}", json=body).status_code for method, path, body in calls
        ]
