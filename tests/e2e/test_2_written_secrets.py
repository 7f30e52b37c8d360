"""Search for every generated secret, after the tests before this one have had all parts of the stack at work."""

import json

import pytest

from common.airflow import COMMAND_TIMEOUT_SECONDS, AirflowApi, AirflowError, path_part
from common.settings import Settings
from common.wait import wait_until
from stack.os_user import server_home
from tests.e2e.conftest import TEST_SECONDS
from tests.secret_search import ProcessWatch, files_with, named_in, secrets_of

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]


@pytest.fixture(scope="module")
def api(stack: Settings) -> AirflowApi:
    return AirflowApi(stack, COMMAND_TIMEOUT_SECONDS)


def test_only_secret_files_have_secrets(stack: Settings) -> None:
    """Logs, data, checkpoints, scratch files and what services say of themselves have none."""
    folders = {stack.state_dir, server_home(stack)}
    own = {
        stack.state_dir / "run" / "settings.json",
        stack.state_dir / "kafka" / "config" / "server.properties",
        stack.state_dir / "kafka" / "client" / "client.properties",
        server_home(stack) / "mysql" / "init.sql",
    }
    assert files_with(secrets_of(stack), folders) == own
    assert {file: file.stat().st_mode & 0o077 for file in own} == dict.fromkeys(own, 0)


def test_what_the_demo_prints_has_none(stack: Settings, demo: str) -> None:
    assert named_in(demo, secrets_of(stack)) == set()


def test_no_command_line_has_had_a_secret(processes: ProcessWatch) -> None:
    before = processes.looks
    wait_until(lambda: processes.looks > before, timeout=60, what="the watch to look again", interval=0.1)
    assert processes.seen == set()


def _path(dag_id: str, run_id: str, task_id: str, **_: object) -> str:
    return f"dags/{dag_id}/dagRuns/{path_part(run_id)}/taskInstances/{task_id}"


def test_airflow_shows_none_in_templates_and_logs(stack: Settings, api: AirflowApi) -> None:
    """Of every task of every DAG, each try."""
    secrets, tasks = secrets_of(stack), api.get_all("dags/~/dagRuns/~/taskInstances", "task_instances")
    conf = [task["rendered_fields"]["conf"] for task in tasks if task["task_id"] == "clean_and_publish"]
    assert any("spark.driver.memory" in each for each in conf)
    for task in tasks:
        path = _path(run_id=task["dag_run_id"], **task)
        assert named_in(json.dumps(task), secrets) == set(), path
        for number in range(1, task["try_number"] + 1):
            log = api.get(f"{path}/logs/{number}", full_content="true", map_index=task["map_index"])
            assert named_in(json.dumps(log), secrets) == set(), f"{path}, try {number}"


def test_airflow_shows_none_in_what_tasks_hand_on(stack: Settings, api: AirflowApi) -> None:
    handed_on = api.get_all("dags/~/dagRuns/~/taskInstances/~/xcomEntries", "xcom_entries")
    assert "landed" in {each["task_id"] for each in handed_on}
    for each in handed_on:
        path = f"{_path(**each)}/xcomEntries/{path_part(each['key'])}"
        value = api.get(path, map_index=each["map_index"])
        assert named_in(json.dumps(value), secrets_of(stack)) == set(), path


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("variables", "variables"),
        ("connections", "connections"),
        ("eventLogs", "event_logs"),
        ("importErrors", "import_errors"),
    ],
)
def test_airflow_shows_none_in_what_it_keeps(stack: Settings, api: AirflowApi, path: str, key: str) -> None:
    assert named_in(json.dumps(api.get_all(path, key)), secrets_of(stack)) == set()


def test_airflow_keeps_its_configuration_to_itself(api: AirflowApi) -> None:
    with pytest.raises(AirflowError, match="403"):
        api.get("config")
