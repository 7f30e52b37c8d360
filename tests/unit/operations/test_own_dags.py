"""DAGs of the user's own, written for Airflow 2, in the real Airflow; and files beside them that are broken."""

from pathlib import Path
from typing import Any

import pytest

from common.airflow import DAGS
from common.settings import ROOT
from common.user_folder import UserFolderError
from operations.airflow.own_dags import refuse_our_id, with_schedule
from stack.airflow.environment import environment
from stack.airflow.init import check_dags_folder
from stack.local.isolated import make_settings
from tests.airflow_python import output_of

# What Airflow's DAG processor does with each bundle, in a process that has Airflow's environment.
_READ = """
import json
from airflow.dag_processing.bundles.manager import DagBundlesManager
from airflow.dag_processing.dagbag import BundleDagBag
read = {}
bundles = [*DagBundlesManager().get_all_dag_bundles()]
for bundle in bundles:
    bundle.initialize()
for bundle in bundles:
    bag = BundleDagBag(bundle.path, bundle_path=bundle.path, bundle_name=bundle.name)
    read[bundle.name] = {
        "errors": {str(name): str(error) for name, error in bag.import_errors.items()},
        "schedules": {name: str(dag.schedule) for name, dag in bag.dags.items()},
        "tasks": {name: [task.task_id for task in dag.topological_sort()] for name, dag in bag.dags.items()},
    }
print(json.dumps(read))
"""

FOR_AIRFLOW_2 = """
from datetime import datetime, timedelta
from pathlib import Path
from airflow.models import DAG
from airflow.operators.bash import BashOperator

default_args = {"owner": "me", "depends_on_past": False, "email_on_failure": False, "email_on_retry": False,
                "retries": 1, "retry_delay": timedelta(minutes=2), "start_date": datetime(2024, 1, 27)}
with DAG("mine", schedule_interval="@daily", catchup=False, default_args=default_args) as dag:
    first = BashOperator(task_id="first", bash_command=Path(__file__).with_name("command.txt").read_text(), dag=dag)
    first >> BashOperator(task_id="second", bash_command="true")
with DAG("by_hand", schedule_interval=None, default_args=default_args):
    BashOperator(task_id="only", bash_command="true")
"""
DECORATED = """
from datetime import timedelta
from airflow.decorators import dag, task

@dag("decorated", schedule_interval=timedelta(hours=6))
def flow():
    @task
    def work():
        pass
    work()

flow()
"""
BROKEN = {
    "both.py": "from airflow import DAG\nDAG('both', schedule='@daily', schedule_interval='@daily')\n",
    # Airflow's alarm of 30 s, brought forward: what is to be imported has all of that time, however busy the machine.
    "endless.py": "import signal  # airflow DAG\nsignal.setitimer(signal.ITIMER_REAL, 0.2)\nwhile True:\n    pass\n",
    "ours.py": "from airflow import DAG\nDAG('pinterest_batch', schedule_interval='@daily')\n",
    "removed.py": "from airflow.utils.dates import days_ago  # DAG\n",
    "syntax.py": "from airflow import DAG\nwith DAG('syntax'\n",
}


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return what Airflow finds in each of its bundles."""
    folder = tmp_path_factory.mktemp("own")
    for name, text in {"for_airflow_2.py": FOR_AIRFLOW_2, "decorated.py": DECORATED, **BROKEN}.items():
        (folder / name).write_text(text)
    (folder / "command.txt").write_text("true")
    settings = make_settings(tmp_path_factory.mktemp("airflow"), AIRFLOW_DAGS_DIR=folder)
    found: dict[str, Any] = output_of(_READ, settings)
    return found


def test_dags_for_airflow_2_are_read_as_they_are(read: dict[str, Any]) -> None:
    assert read["own-dags"]["schedules"] == {"mine": "@daily", "by_hand": "None", "decorated": "6:00:00"}
    assert read["own-dags"]["tasks"]["mine"] == ["first", "second"]


def test_ours_is_read_beside_broken_ones(read: dict[str, Any]) -> None:
    assert read["dags-folder"]["errors"] == {}
    assert [*read["dags-folder"]["tasks"]] == ["pinterest_batch"]


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("both.py", "a DAG has schedule or schedule_interval"),
        ("endless.py", "Timeout"),
        ("ours.py", "pinterest_batch is the pipeline's own DAG: give yours another dag_id"),
        ("removed.py", "days_ago"),
        ("syntax.py", "line 2"),
    ],
)
def test_a_broken_file_has_an_error_of_its_own(read: dict[str, Any], file: str, reason: str) -> None:
    errors = {Path(name).name: error for name, error in read["own-dags"]["errors"].items()}
    assert errors.keys() == BROKEN.keys()
    assert reason in errors[file]


def test_schedule_interval_is_the_schedule() -> None:
    assert with_schedule({"schedule_interval": "@once", "tags": []}) == {"schedule": "@once", "tags": []}
    assert with_schedule({"schedule": "@once"}) == {"schedule": "@once"}


def test_our_file_may_have_our_id(tmp_path: Path) -> None:
    refuse_our_id("pinterest_batch", DAGS / "pinterest_batch.py")
    refuse_our_id("another", tmp_path / "pinterest_batch.py")


def test_without_a_folder_airflow_has_its_default_bundle(tmp_path: Path) -> None:
    assert "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST" not in environment(make_settings(tmp_path))


def test_a_folder_that_can_be_read_and_none_will_do(tmp_path: Path) -> None:
    check_dags_folder(None)
    check_dags_folder(tmp_path)


def test_a_folder_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with pytest.raises(UserFolderError, match=f"AIRFLOW_DAGS_DIR: there is no folder {missing}"):
        check_dags_folder(missing)


@pytest.mark.parametrize("folder", [DAGS, ROOT])
def test_a_folder_that_has_our_dag_is_refused(folder: Path) -> None:
    with pytest.raises(UserFolderError, match="has the pipeline's own DAG in it"):
        check_dags_folder(folder)
