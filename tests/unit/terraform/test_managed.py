"""terraform/managed hands programs of ours the sink's properties, the containers' commands, MWAA's DAG."""

import re
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

import common.settings
from common.environment import MARK
from common.settings import ROOT, SERVICE, VARIABLES, Settings, load, load_settings, read_settings
from services.provision import topics
from services.s3_sink.buffer import Limits
from services.s3_sink.connector import by_settings, from_properties, parse
from stack.dotenv import generated
from stack.local.isolated import make_settings
from tests.airflow_python import output_of

MANAGED = ROOT / "terraform" / "managed"

# The provider for AWS is MWAA's, and is not installed here.
_DESCRIBE = """
import json, os, sys
from types import ModuleType
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import BaseOperator

OWN = (
    "region_name", "cluster", "task_definition", "launch_type", "network_configuration", "overrides",
    "awslogs_group", "awslogs_region", "awslogs_stream_prefix",
)

class EcsRunTaskOperator(BaseOperator):
    template_fields = ("overrides",)

    def __init__(self, **given):
        self.own = {name: given.pop(name) for name in OWN}
        self.overrides = self.own["overrides"]
        super().__init__(**given)

names = "airflow.providers.amazon", "airflow.providers.amazon.aws", "airflow.providers.amazon.aws.operators"
sys.modules.update({name: ModuleType(name) for name in names})
sys.modules[f"{names[-1]}.ecs"] = ecs = ModuleType(f"{names[-1]}.ecs")
ecs.EcsRunTaskOperator = EcsRunTaskOperator
options = "region", "cluster", "task_definition", "subnets", "security_group", "log_group"
os.environ.update({f"AIRFLOW__PINTEREST__{name.upper()}": f"a-{name}" for name in options})
os.environ["AIRFLOW__PINTEREST__SUBNETS"] = "one,two"
bag = DagBag(FOLDER, safe_mode=False)
dag = bag.dags["pinterest_batch"]
print(json.dumps({
    "errors": {str(name): str(error) for name, error in bag.import_errors.items()},
    "schedule": dag.schedule if isinstance(dag.schedule, str) else dag.schedule.expression,
    "catchup": dag.catchup,
    "max_active_runs": dag.max_active_runs,
    "params": dag.params.dump(),
    "tasks": {task.task_id: {"after": sorted(task.upstream_task_ids), **task.own} for task in dag.tasks},
}))
"""


@pytest.fixture(scope="module")
def dag(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    settings = make_settings(tmp_path_factory.mktemp("mwaa"))
    found: dict[str, Any] = output_of(f"FOLDER = {str(MANAGED / 'dags')!r}\n{_DESCRIBE}", settings)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, USER_ID="0a1b2c3d4e5f")


def hcl(name: str) -> str:
    return (MANAGED / name).read_text(encoding="utf-8")


def expected(what: str) -> list[dict[str, str]]:
    """Return the maps of variables that the module's own tests compare `what` with."""
    tests = hcl("tests/managed.tftest.hcl")
    blocks = re.findall(rf"condition = [^\n]*{what}[^\n]* == \{{\n(.*?)\n    \}}\n", tests, re.S)
    return [dict(re.findall(r'^ +([A-Z_]+) += "(.*)"$', block, re.M)) for block in blocks]


def test_the_sink_here_takes_the_properties_of_msk_connect(settings: Settings) -> None:
    values = {
        "user_id": settings.user_id,
        "bucket": settings.bucket,
        "region": settings.aws.region,
        "flush_size": "1000",
        "rotate_ms": "60000",
    }
    rendered = re.sub(r"\$\{(\w+)\}", lambda name: values[name[1]], hcl("connector.properties.tftpl"))
    connector = from_properties(settings, parse(rendered))
    assert connector.topics == (r"^(0a1b2c3d4e5f\.(pin|geo|user))$",)
    assert connector.limits == Limits(1000, by_settings(settings).limits.bytes, 60.0)


def test_the_task_that_makes_the_topics_makes_them_all(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    makers = Mock()
    monkeypatch.setattr(common.settings, "load_settings", lambda: settings)
    monkeypatch.setattr(topics, "ensure_topics", makers.of_tables)
    monkeypatch.setattr(topics, "ensure_pin_topics", makers.of_pins)
    [program] = re.findall(r'make_topics = "(.+)"', hcl("rest_proxy.tf"))
    exec(program, {})  # noqa: S102 - it is ours
    assert [call[0] for call in makers.mock_calls] == ["of_tables", "of_pins"]


def test_the_topics_with_rights_are_those_of_the_settings(settings: Settings) -> None:
    [names] = re.findall(r"pin_topics +=( \[.+?\])", hcl("kafka.tf"))
    proxy = settings.rest_proxy
    assert re.findall(r'"(.+?)"', names) == [proxy.pin_batch_topic, proxy.pin_streaming_topic]


@pytest.mark.parametrize("service", ["rest-proxy", "batch-cleaner"])
def test_the_settings_of_a_container_are_settings(service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    [given] = [each for each in expected("container_definitions") if each["PIPELINE_SERVICE"] == service]
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(load, "_compose_environment", Mock())
    assert given.keys() - VARIABLES.keys() == {MARK, SERVICE}
    settings = load_settings.__wrapped__()
    assert settings.kafka.security == "iam"
    assert settings.aws.endpoint_url == ""
    assert settings.aws.access_key_id == ""
    assert settings.rest_proxy.port == 8082


def test_dotenv_has_settings_that_can_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [text] = re.findall(r'output\.dotenv == "(.+)"', hcl("tests/managed.tftest.hcl"))
    lines = text.replace(r"\n", "\n")
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    env_file = tmp_path / ".env"
    own = {**generated(), "AWS_ENDPOINT_URL": "", "STATE_DIR": str(tmp_path)}
    env_file.write_text("".join(f"{name}={value}\n" for name, value in own.items()) + lines)
    settings = read_settings(env_file).environment()
    given = dict(line.split("=", 1) for line in lines.splitlines())
    assert given.keys() <= VARIABLES.keys()
    assert {name: settings[name] for name in given} == given


@pytest.mark.parametrize(
    "module", ["services.rest_proxy", "services.s3_sink.catch_up", "spark_jobs.batch", "operations.query"]
)
def test_what_the_containers_run_is_there(module: str) -> None:
    words = ", ".join(f'"{word}"' for word in ("python", "-m", module))
    texts = (path for kind in ("*.tf", "*.tftpl", "*.py") for path in MANAGED.rglob(kind))
    assert words in "".join(path.read_text(encoding="utf-8") for path in texts)
    path = ROOT.joinpath(*module.split("."))
    assert path.with_suffix(".py").is_file() or (path / "__main__.py").is_file()


def test_the_dag_on_mwaa_is_imported_and_runs_at_noon_one_at_a_time(dag: dict[str, Any]) -> None:
    assert dag["errors"] == {}
    assert (dag["schedule"], dag["catchup"], dag["max_active_runs"]) == ("0 12 * * *", False, 1)
    assert dag["params"] == {"full": False}


def test_the_tasks_on_mwaa_follow_each_other(dag: dict[str, Any]) -> None:
    commands = {
        name: (task["after"], task["overrides"]["containerOverrides"]) for name, task in dag["tasks"].items()
    }
    batch = ["python", "-m", "spark_jobs.batch", "{{ '--full' if params.full else '--no-full' }}"]
    assert commands == {
        "landed": ([], [{"name": "batch", "command": ["python", "-m", "services.s3_sink.catch_up"]}]),
        "clean_and_publish": (["landed"], [{"name": "batch", "command": batch}]),
        "answers": (
            ["clean_and_publish"],
            [{"name": "batch", "command": ["python", "-m", "operations.query"]}],
        ),
    }


def test_a_task_on_mwaa_runs_where_terraform_says_and_shows_its_log(dag: dict[str, Any]) -> None:
    task = dag["tasks"]["clean_and_publish"]
    network = {
        "subnets": ["one", "two"],
        "securityGroups": ["a-security_group"],
        "assignPublicIp": "DISABLED",
    }
    assert task["network_configuration"] == {"awsvpcConfiguration": network}
    assert (task["region_name"], task["cluster"], task["task_definition"], task["launch_type"]) == (
        *("a-region", "a-cluster", "a-task_definition"),
        "FARGATE",
    )
    # ECS names a stream prefix/container/task; the operator adds the task.
    assert (task["awslogs_group"], task["awslogs_stream_prefix"]) == ("a-log_group", "batch/batch")


def test_the_dag_reads_the_options_that_terraform_sets() -> None:
    asked = set(re.findall(r'option\("(\w+)"\)', hcl("dags/pinterest_batch.py")))
    assert asked == set(re.findall(r'"pinterest\.(\w+)"', hcl("airflow.tf")))
