"""docker-compose.yml is sound Compose, and local mode reads from it what each service needs."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from common import health
from common.kafka_security import password_variable
from common.settings import PROFILES, ROOT, SERVICE, VARIABLES, Settings, secret_names
from contracts.kafka_access import Principal
from stack.local.compose import COMPOSE_FILE, ComposeError, interpolate, load
from stack.local.isolated import make_settings

DOCUMENT: dict[str, Any] = yaml.safe_load(COMPOSE_FILE.read_text())
SERVICES: dict[str, dict[str, Any]] = DOCUMENT["services"]


@pytest.fixture
def stack(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${NAME}", "value"),
        ("${NAME:-other}", "value"),
        ("${EMPTY:-other}", "other"),
        ("${EMPTY-other}", ""),
        ("${NAME-other}", "value"),
        ("${ABSENT-http://other:1}", "http://other:1"),
        ("${ABSENT:-}", ""),
        ("${ABSENT}", ""),
        ("${NAME:+instead}", "instead"),
        ("${EMPTY:+instead}", ""),
        ("${ABSENT:+instead}", ""),
        ("$$NAME", "$NAME"),
        ("a ${NAME:?needed} b", "a value b"),
    ],
)
def test_variables_are_replaced_as_compose_does(text: str, expected: str) -> None:
    assert interpolate(text, {"NAME": "value", "EMPTY": ""}) == expected


def test_a_variable_that_must_be_set_is_named() -> None:
    with pytest.raises(ComposeError, match="SECRET is not set: run make setup"):
        interpolate("${SECRET:?run make setup}", {})


def test_what_is_built_is_built_without_an_image_registry_too() -> None:
    offline = yaml.safe_load((ROOT / "docker-compose.offline.yml").read_text())["services"]
    built = {name for name, service in SERVICES.items() if "build" in service}
    base = {name for name in built if "BASE_IMAGE" in str(offline.get(name, {}).get("build", {}).get("args"))}
    assert base == built


def test_defaults_are_those_of_the_settings() -> None:
    defaults = {name: str(variable.field.default) for name, variable in VARIABLES.items()}
    found = re.findall(r"\$\{(\w+):-([^}]*)\}", COMPOSE_FILE.read_text())
    # Of Compose alone: what images are built from, and a folder to mount in the place of none.
    found = [
        (name, value)
        for name, value in found
        if name not in ("BASE_IMAGE", "SOURCE_DIR", "NOTEBOOK_DIR", "AIRFLOW_DAGS_DIR")
    ]
    assert found
    assert {(name, value) for name, value in found if defaults[name] != value} == set()


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_is_bounded_checked_and_on_loopback(name: str) -> None:
    body = SERVICES[name]
    assert "mem_limit" in body
    assert "healthcheck" in body
    assert ":" in body["image"] or body["image"].startswith("pinterest-pipeline/")
    assert not body["image"].endswith(":latest")
    assert all(port.startswith("127.0.0.1:${") for port in body.get("ports", []))
    assert body["init"] is True
    assert body["security_opt"] == ["no-new-privileges:true"]
    assert {"max-size", "max-file"} <= body["logging"]["options"].keys()


def _spoken_to() -> set[str]:
    """The services that a setting of another names, as host:port or as a host alone."""
    values = [
        str(value)
        for body in SERVICES.values()
        for name, value in body["environment"].items()
        if name != SERVICE
    ]
    hosts = {match[1] for value in values for match in re.finditer(r"(?:^|/)([a-z][a-z-]*)(?::\S+)?$", value)}
    return hosts & SERVICES.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_no_service_is_reached_through_a_proxy(name: str) -> None:
    """The Docker client's configuration may give every container one; each program reads either spelling."""
    environment = SERVICES[name]["environment"]
    assert environment["no_proxy"] == environment["NO_PROXY"]
    assert {"localhost", "127.0.0.1", *_spoken_to()} <= set(environment["NO_PROXY"].split(","))


@pytest.mark.parametrize(("name", "client"), [("mysql", "mysql"), ("postgres", "psql")])
def test_a_database_is_well_when_it_takes_our_password(name: str, client: str) -> None:
    """Over the network: the official images never complete a first start that was interrupted, and its server refuses
    other hosts, or takes any password from its own.
    """
    check = SERVICES[name]["healthcheck"]["test"]
    assert re.search(rf'PASSWORD" {client} .*--host "\$\$HOSTNAME" .*SELECT 1', check)


@pytest.mark.parametrize("name", SERVICES)
def test_conditions_name_services_that_can_meet_them(name: str) -> None:
    for other, how in SERVICES[name].get("depends_on", {}).items():
        one_shot = SERVICES[other].get("restart") == "on-failure"
        assert how["condition"] == ("service_completed_successfully" if one_shot else "service_healthy")


def _megabytes(limit: str) -> int:
    return int(limit[:-1]) * {"m": 1, "g": 1024}[limit[-1]]


def _limits(*, core: bool) -> int:
    """MiB that the services take which go on running: those without a profile, or of the pipeline's own profiles."""
    lasting = [
        body
        for body in SERVICES.values()
        if body["restart"] == "unless-stopped" and body.get("profiles") not in (["notebook"], ["dashboard"])
    ]
    return sum(_megabytes(body["mem_limit"]) for body in lasting if not (core and "profiles" in body))


def test_the_profiles_that_may_be_chosen_are_those_of_what_goes_on_running() -> None:
    lasting = [body for body in SERVICES.values() if body["restart"] != "no"]
    assert {profile for body in lasting for profile in body.get("profiles", [])} == set(PROFILES)


def test_memory_is_bounded() -> None:
    assert _limits(core=False) < 8 * 1024
    assert _limits(core=True) < 4 * 1024
    assert _megabytes(SERVICES["dashboard"]["mem_limit"]) < 320


def test_volumes_are_declared_and_folders_of_the_host_are_read_only() -> None:
    """But NOTEBOOK_DIR, in which people edit their notebooks, and which takes those that they import."""
    mounts = [volume for body in SERVICES.values() for volume in body.get("volumes", [])]
    folders = [mount for mount in mounts if isinstance(mount, dict)]
    assert {mount.split(":")[0] for mount in mounts if mount not in folders} == DOCUMENT["volumes"].keys()
    assert {mount["source"] for mount in folders if not mount.get("read_only")} == {
        "${NOTEBOOK_DIR:-./notebooks}"
    }


def test_one_service_builds_each_of_our_images() -> None:
    built = [body["image"] for body in SERVICES.values() if "build" in body]
    ours = {body["image"] for body in SERVICES.values() if body["image"].startswith("pinterest-pipeline/")}
    assert sorted(built) == sorted(ours)


def test_what_is_in_containers_only_is_left_out_of_local_mode(stack: Settings) -> None:
    services = load(stack)
    assert "spark-worker" not in services
    assert services["streaming-writer"].depends_on.keys() == {"provision"}


def test_services_come_after_what_they_depend_on(stack: Settings) -> None:
    order = list(load(stack))
    assert set(order) == {name for name, body in SERVICES.items() if body["x-local"] is not False}
    for service in load(stack).values():
        assert all(order.index(other) < order.index(service.name) for other in service.depends_on)


def test_every_lasting_service_has_a_health_check(stack: Settings) -> None:
    lasting = {service.name for service in load(stack).values() if not service.one_shot}
    assert lasting == health.CHECKS.keys()


def test_local_mode_replaces_what_is_different_outside_of_a_container(stack: Settings) -> None:
    services = load(stack)
    kafka = services["kafka"].environment
    assert kafka["KAFKA_ADVERTISED_LISTENERS"] == f"HOST://127.0.0.1:{stack.kafka.port}"
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert services["s3-sink"].environment["KAFKA_BOOTSTRAP_SERVERS"] == f"127.0.0.1:{stack.kafka.port}"
    assert services["rest-proxy"].port == stack.rest_proxy.port


@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:14566"])
def test_our_services_use_the_endpoint_that_is_set(tmp_path: Path, endpoint: str) -> None:
    services = load(make_settings(tmp_path, AWS_ENDPOINT_URL=endpoint))
    for name in ("provision", "s3-sink"):
        assert services[name].environment["AWS_ENDPOINT_URL"] == endpoint


def test_a_kafka_elsewhere_is_none_of_the_services_and_all_of_them_know_it(tmp_path: Path) -> None:
    address = "b-1.example:9096,b-2.example:9096"
    authority = tmp_path / "ca.pem"
    given = {"KAFKA_SECURITY": "sasl_ssl", "KAFKA_BOOTSTRAP_SERVERS": address, "KAFKA_CA_FILE": authority}
    services = load(make_settings(tmp_path, **given))
    assert "kafka" not in services
    for name in ("provision", "rest-proxy", "s3-sink", "streaming-writer", "dashboard"):
        assert "kafka" not in services[name].depends_on
        found = services[name].environment
        assert {key: found[key] for key in given} == {key: str(value) for key, value in given.items()}


def test_what_is_not_set_is_empty_and_not_none(stack: Settings) -> None:
    """Unquoted, an empty variable is YAML's null. (A variable that is written without a value is passed on.)"""
    document = yaml.safe_load(interpolate(COMPOSE_FILE.read_text(), stack.environment()))
    for name, body in document["services"].items():
        local = (body.get("x-local") or {}).get("environment", {})
        written = SERVICES[name].get("environment", {})
        empty = {key for key, value in {**body.get("environment", {}), **local}.items() if value is None}
        assert empty == {key for key, value in written.items() if value is None} - local.keys()


# What names something of the host, and is for local mode alone.
OF_THE_HOST = {
    *("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CA_BUNDLE", "HTTPS_PROXY"),
    *("SPARK_LOCAL_IP", "SPARK_CONF_DIR", "HADOOP_CONF_DIR", "KAFKA_CA_FILE"),
}


def test_every_setting_reaches_our_containers_and_secrets_only_those_that_are_named() -> None:
    assert (
        DOCUMENT["x-in-containers"].keys() & VARIABLES.keys()
        == VARIABLES.keys() - secret_names() - OF_THE_HOST
    )
    # Other people's programs alone, each with what its own part of KAFKA_SECURITY is.
    assert {name for name, body in SERVICES.items() if "env_file" in body} == {"kafka", "kafka-tools"}


def test_a_service_has_the_same_secrets_in_both_modes(stack: Settings) -> None:
    for name, service in load(stack).items():
        in_container = SERVICES[name].get("environment", {}).keys() & secret_names()
        assert service.environment.keys() & secret_names() == in_container, name


def test_what_logs_in_to_msk_has_aws_keys() -> None:
    """But for the dashboard, which has a profile or a role of this machine, or no page of Kafka's topics."""
    for name in ("provision", "rest-proxy", "s3-sink", "streaming-writer", "tools"):
        assert {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} <= SERVICES[name][
            "environment"
        ].keys(), name


def test_our_services_say_their_name() -> None:
    ours = {name: body for name, body in SERVICES.items() if "STATE_DIR" in body.get("environment", {})}
    assert {"provision", "airflow-scheduler", "tools", "emulator", "batch-cleaner"} <= ours.keys()
    assert all(body["environment"][SERVICE] == name for name, body in ours.items())


# The accounts that can do more than one service needs, and what signs and encrypts for Airflow.
@pytest.mark.parametrize(
    ("secret", "services"),
    [
        ("AIRFLOW_PASSWORD", {"provision", "airflow-init", "tools"}),
        ("AIRFLOW_DASHBOARD_PASSWORD", {"airflow-init", "dashboard"}),
        ("POSTGRES_PASSWORD", {"postgres", "provision", "airflow-init"}),
        ("MYSQL_ROOT_PASSWORD", {"mysql", "provision"}),
        ("AIRFLOW_JWT_SECRET", {"airflow-apiserver", "airflow-scheduler"}),
        ("BATCH_WRITER_PASSWORD", {"provision", "airflow-scheduler", "batch-cleaner"}),
        ("SPEED_WRITER_PASSWORD", {"provision", "streaming-writer"}),
        ("ANALYST_PASSWORD", {"provision", "airflow-scheduler", "batch-cleaner", "tools", "dashboard"}),
        ("KAFKA_PROVISION_PASSWORD", {"provision"}),
        ("KAFKA_REST_PROXY_PASSWORD", {"rest-proxy"}),
        ("KAFKA_S3_SINK_PASSWORD", {"s3-sink"}),
        ("KAFKA_STREAMING_WRITER_PASSWORD", {"streaming-writer"}),
        ("KAFKA_DASHBOARD_PASSWORD", {"dashboard"}),
        ("KAFKA_OPERATIONS_PASSWORD", {"provision", "airflow-scheduler", "tools"}),
        ("KAFKA_USER_PASSWORD", set()),
        ("KAFKA_BROKER_PASSWORD", set()),
        ("JOBS_API_TOKEN", {"jobs", "airflow-scheduler"}),
        ("NOTEBOOK_TOKEN", {"notebook", "tools"}),
        ("API_KEY", {"emulator"}),
    ],
)
def test_a_secret_is_with_few(secret: str, services: set[str]) -> None:
    assert {name for name, body in SERVICES.items() if secret in body.get("environment", {})} == services


def test_the_broker_alone_has_all_of_kafkas_passwords_and_its_tools_the_users(stack: Settings) -> None:
    """They stand in the files that the two services name, within longer values."""
    values = stack.replace(KAFKA_SECURITY="sasl").environment()
    for name, owners in (("kafka", {*Principal}), ("kafka-tools", {Principal.USER})):
        text = interpolate((ROOT / interpolate(SERVICES[name]["env_file"], values)).read_text(), values)
        assert {each for each in Principal if values[password_variable(each)] in text} == owners
    for service in load(stack).values():
        if service.name != "kafka":
            assert "JAAS" not in "".join(service.environment)


def test_the_broker_restarts_where_its_security_or_a_password_changes(stack: Settings) -> None:
    sasl, plain = (stack.replace(KAFKA_SECURITY=security) for security in ("sasl", "plaintext"))
    another = sasl.replace(KAFKA_USER_PASSWORD="another")
    assert len({load(each)["kafka"].digest for each in (sasl, plain, another)}) == 3
    assert "KAFKA_AUTHORIZER_CLASS_NAME" in load(sasl)["kafka"].environment
    assert "KAFKA_AUTHORIZER_CLASS_NAME" not in load(plain)["kafka"].environment


def test_a_launcher_gets_the_containers_command(stack: Settings) -> None:
    command = load(stack)["postgres"].command
    assert command[:4] == ("python", "-m", "stack.postgres.launch", "postgres")
    assert "wal_level=minimal" in command


def _write(path: Path, services: str) -> Path:
    file = path / "docker-compose.yml"
    file.write_text(f"services:\n{services}")
    return file


def test_a_service_without_x_local_is_named(stack: Settings, tmp_path: Path) -> None:
    file = _write(tmp_path, "  stray: {image: 'x:1'}\n")
    with pytest.raises(ComposeError, match="stray has no x-local"):
        load(stack, file)


def test_a_circle_of_dependencies_is_named(stack: Settings, tmp_path: Path) -> None:
    one = "  one: {x-local: {}, depends_on: {two: {condition: service_healthy}}}\n"
    two = "  two: {x-local: {}, depends_on: {one: {condition: service_healthy}}}\n"
    with pytest.raises(ComposeError, match=r"circle among \['one', 'two'\]"):
        load(stack, _write(tmp_path, one + two))


def test_kinesis_keeps_no_file(stack: Settings) -> None:
    """Unless it is told not to, LocalStack writes one every 5 s, whatever PERSISTENCE says: twice the memory."""
    assert load(stack)["localstack"].environment["KINESIS_PERSISTENCE"] == "0"


def test_kinesis_has_the_same_bound_of_memory_in_both_modes(stack: Settings) -> None:
    """Both have Node load files besides, by a path that is the image's or the checkout's."""
    composed = yaml.safe_load(COMPOSE_FILE.read_text())["services"]["localstack"]["environment"][
        "NODE_OPTIONS"
    ]
    here = load(stack)["localstack"].environment["NODE_OPTIONS"]
    assert composed.partition(" --require=")[0] == here


def test_what_kinesis_keeps_is_half_of_its_heap_at_the_most(stack: Settings) -> None:
    """The other half is for the program, and for the requests that it is about."""
    environment = load(stack)["localstack"].environment
    [heap] = re.findall(r"--max-old-space-size=(\d+)", environment["NODE_OPTIONS"])
    assert int(environment["KINESIS_KEPT_MB"]) <= int(heap) / 2


def test_the_dashboard_can_only_read(stack: Settings) -> None:
    """Its pages are open to whoever reaches the port: no account of its may change anything."""
    # MySQL's user pinterest may SELECT, Kafka's principal READ, Airflow's user GET runs and tasks, and no more.
    readers = {"ANALYST_PASSWORD", "MYSQL_PASSWORD", "AIRFLOW_DASHBOARD_PASSWORD", "KAFKA_DASHBOARD_PASSWORD"}
    assert load(stack)["dashboard"].environment.keys() & secret_names() == readers
    assert all(mount.endswith(":ro") for mount in SERVICES["dashboard"]["volumes"])


@pytest.mark.parametrize(("service", "token"), [("notebook", "NOTEBOOK_TOKEN"), ("jobs", "JOBS_API_TOKEN")])
def test_a_cell_finds_aws_keys_and_no_other_secret(stack: Settings, service: str, token: str) -> None:
    """The service's own token is taken out before a notebook's process starts."""
    aws = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}
    assert load(stack)[service].environment.keys() & secret_names() == {token, *aws}


def test_the_dashboard_is_part_of_what_starts_by_default(stack: Settings) -> None:
    assert load(stack)["dashboard"].enabled
    assert not load(stack.replace(COMPOSE_PROFILES=""))["dashboard"].enabled
