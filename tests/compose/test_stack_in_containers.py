"""The stack in containers, through `make` alone: started, used, broken and scaled, its stages compared each time."""

import json
import os
import re
import socket
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from common.api import url_of
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES, Table
from operations.query import load_queries
from tests import airflow_runs
from tests.compose.conftest import PROJECT, TEST_SECONDS, Containers, own_secrets
from tests.e2e import stages
from tests.make import Make
from tests.nine_answers import nine_answers
from tests.plain_cleaning import CLEAN

# LocalStack's image starts as root; it drops nothing by itself.
ROOTS = {"localstack"}
# The engine restarts LocalStack, which is up after 20 s on two busy cores; provisioning looks every few seconds.
HEALED_SECONDS = 120

pytestmark = [pytest.mark.usefixtures("up"), pytest.mark.timeout(TEST_SECONDS)]


def _served(stack: Settings) -> list[list[tuple[Any, ...]]]:
    return [stages.served_rows(stack, table) for table in TABLES]


def _post(stack: Settings, table: Table, *values: dict[str, Any]) -> None:
    """Sends the values under one key: without it their partitions, and so their order, would be Kafka's choice."""
    answer = httpx.post(
        f"http://127.0.0.1:{stack.rest_proxy.port}/topics/{stack.topic(table)}",
        content=json.dumps({"records": [{"key": "hostile", "value": value} for value in values]}),
        headers={"Content-Type": "application/vnd.kafka.json.v2+json"},
        timeout=60,
    )
    assert [offset["error_code"] for offset in answer.json()["offsets"]] == [None] * len(values)


def _forget_the_cluster(file: Path) -> None:
    """Leave out what another checkout's .env lacks: the secret of these data."""
    file.write_text("".join(line for line in file.open() if not line.startswith("KAFKA_CLUSTER_ID=")))


def test_up_ends_with_the_table_of_healthy_services(up: str, stack: Settings, containers: Containers) -> None:
    running = {container["Service"] for container in containers.running()}
    assert {"kafka", "localstack", "mysql", "postgres", "spark-worker", "streaming-writer"} <= running
    for service in running:
        assert re.search(rf"^ *{service} +healthy ", up, re.M), service
    assert f"Invoke URL  http://127.0.0.1:{stack.localstack.port}/" in up
    # What LocalStack calls the file that Kinesis would keep, after the account.
    find = ("find", "/tmp", "/var/lib/localstack", "-name", "000000000000.json")  # noqa: S108 - the container's
    assert not containers.compose("exec", "--user", "root", "localstack", *find)
    assert re.search(r"spark-worker +healthy +[1-9]\d+ MB", up)


def test_the_dashboard_answers_on_its_port(stack: Settings) -> None:
    assert httpx.get(f"http://127.0.0.1:{stack.dashboard.port}/_stcore/health", timeout=60).text == "ok"


def test_dotenv_is_completed_for_its_owner_alone(stack: Settings, checkout: Path) -> None:
    path = checkout / ".env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.stat().st_uid == os.geteuid()
    assert f"KAFKA_PORT={stack.kafka.port}\n" in path.read_text()


def test_only_loopback_listens_and_nobody_is_root(containers: Containers) -> None:
    running = containers.running()
    published = [port for container in running for port in container["Publishers"] if port["PublishedPort"]]
    assert {port["URL"] for port in published} == {"127.0.0.1"}
    users = {container["Service"]: containers.user(container["Name"]) for container in running}
    assert {service for service, user in users.items() if user in ("", "0", "root")} == ROOTS


def test_no_container_has_a_secret_that_is_not_its_services_own(
    stack: Settings, containers: Containers
) -> None:
    for container in containers.running():
        service = container["Service"]
        assert containers.secrets(container["Name"], stack) == own_secrets(service), service


@pytest.mark.parametrize("port", ["LOCALSTACK_PORT", "REST_PROXY_PORT"])
def test_unknown_hosts_and_web_pages_of_others_are_refused(stack: Settings, port: str) -> None:
    url = f"http://127.0.0.1:{stack.environment()[port]}/"
    assert httpx.post(url, headers={"Host": "evil.example"}, timeout=60).status_code == 421
    assert httpx.post(url, headers={"Origin": "http://localhost:9"}, timeout=60).status_code == 403


def test_both_paths_take_the_posts(make: Make, stack: Settings) -> None:
    make("emulate")
    make("landed")
    make("streamed")
    assert stages.landed_lines(stack) == stages.kafka_values(stack)
    for table in TABLES:
        expected = [
            tuple(CLEAN[table](row))
            for row in stages.source_rows(stack, table)[: stack.emulator.stream_limit]
        ]
        assert stages.served_rows(stack, table, "speed") == expected


def test_ctrl_c_ends_a_command_with_its_counts_and_leaves_no_container(
    make: Make, containers: Containers
) -> None:
    """Without a terminal, as in a script. The posts are those of the test before."""
    printed = make.interrupted("emulate", "ARGS=stream --rate 5", at="records, ")
    assert re.search(r"stream: \d+ records acknowledged in", printed), printed
    assert "emulator" not in containers.compose("ps", "--all", "--format", "{{.Service}}").split()


@pytest.mark.parametrize("service", ["streaming-writer", "spark-worker"])
def test_spark_starts_from_the_archive_of_its_classes(service: str, containers: Containers) -> None:
    assert "java" in containers.maps(service, "spark-classes.jsa")


def test_airflow_runs_the_batch_job_on_the_cluster(
    make: Make, stack: Settings, containers: Containers
) -> None:
    before = containers.executors()
    assert "success" in make("trigger")
    assert containers.executors() > before
    for table in TABLES:
        expected = [tuple(CLEAN[table](row)) for row in stages.source_rows(stack, table)]
        assert stages.served_rows(stack, table) == expected


def test_the_nine_answers(make: Make, stack: Settings) -> None:
    rows = {table: [CLEAN[table](row) for row in stages.source_rows(stack, table)] for table in TABLES}
    expected = nine_answers(rows["pin"], rows["geo"], rows["user"])  # type: ignore[arg-type]
    queries = load_queries()
    assert {number: stages.ask(stack, query.sql) for number, query in queries.items()} == expected
    printed = make("query")
    assert all(query.title in printed for query in queries.values())


def test_every_hop_adds_up(make: Make) -> None:
    assert "All hops add up" in make("verify")


def test_status_and_logs(make: Make) -> None:
    shown = make("status")
    assert all(name in shown for name in ("speed", "delta", "experimental", "waiting"))
    assert "database system is ready" in make("logs", "SERVICE=postgres")
    unknown = make.run("logs", "SERVICE=redis")
    assert unknown.returncode
    assert "There is no service 'redis'" in unknown.stdout


def test_hostile_records_are_set_aside(make: Make, stack: Settings) -> None:
    before = _served(stack)
    _post(stack, "pin", {"index": "1"}, {"index": 10**12})
    make("landed")
    make("batch")
    assert _served(stack) == before
    assert stages.ask(stack, "SELECT reasons FROM quarantine.batch") == [(["bad_ind"],)] * 2
    assert "pin" in make("quarantine")


def test_rejected_records_go_through_files_of_the_host(make: Make, checkout: Path) -> None:
    file = checkout / "rejected.jsonl"
    make("replay", f"EXPORT={file}")
    assert [json.loads(line)["value"]["index"] for line in file.read_text().splitlines()] == ["1", 10**12]
    assert "there already" in make.run("replay", f"EXPORT={file}").stdout
    file.write_text(file.read_text().replace(str(10**12), str(10**6)))
    shown = make("replay", f"MENDED={file}")
    assert re.search(r"bad_ind +│ +2 │ +1 ", shown)
    assert "Nothing was changed" in shown


def test_kafkas_tools_make_a_topic_that_takes_posts_at_once(make: Make, stack: Settings) -> None:
    words = "topics --create --topic mine --command-config client.properties"
    assert "Created topic mine." in make("kafka", f"ARGS={words}")
    answer = httpx.post(
        f"http://127.0.0.1:{stack.rest_proxy.port}/topics/mine",
        content=b'{"records": [{"value": 1}]}',
        headers={"Content-Type": "application/vnd.kafka.json.v2+json"},
        timeout=60,
    )
    assert answer.json()["offsets"] == [{"partition": 0, "offset": 0, "error_code": None, "error": None}]
    shown = make("kafka", "ARGS=console-consumer --topic mine --from-beginning --max-messages 1")
    assert "1" in shown.splitlines()  # the caller's shell may have complained before


def test_a_connectors_properties_hold_until_they_are_taken_back(
    make: Make, stack: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "connector.properties"
    file.write_text(f"topics.regex={stack.user_id}.*\nflush.size=1\ns3.bucket.name={stack.bucket}\n")
    assert "flush.size=1: an object has up to 1 record" in make("connector", f"CONFIG={file}")
    assert "S3 sink, by `make connector`: topics.regex=" in make("status")
    make("connector", "CONFIG=/dev/null")
    assert "by `make connector`" not in make("status")


def test_up_to_here_no_container_ended(containers: Containers) -> None:
    assert set(containers.restarts().values()) == {(0, False)}


def test_a_localstack_that_the_engine_restarts_is_provisioned_again(
    stack: Settings, containers: Containers
) -> None:
    containers.compose("exec", "--user", "root", "localstack", "sh", "-c", "kill -9 -1")
    url = url_of(stack, stack.user_id) + f"/topics/{stack.topic('pin')}"

    def healed() -> bool:
        try:
            return httpx.get(url).status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False

    wait_until(lambda: not healed(), timeout=HEALED_SECONDS, what="LocalStack's end", interval=0.1)
    wait_until(healed, timeout=HEALED_SECONDS, what="the REST API to be there again")


def test_the_bucket_that_it_lost_is_rebuilt_by_itself_and_its_restart_is_said(
    make: Make, stack: Settings
) -> None:
    before = _served(stack)
    airflow_runs.wait_for_step(make)
    airflow_runs.wait_for_rebuilds(stack, 1)
    assert _served(stack) == before
    shown = make("status")
    # How it ended, the engine has forgotten where its last events are many.
    assert re.search(
        r"^localstack: restarted once, at .*: it ended by itself.*; the engine started", shown, re.M
    )
    assert "kafka: restarted" not in shown
    airflow_runs.pause(
        stack, paused=True
    )  # what follows restarts LocalStack again, and does the batch run itself


def test_each_service_is_restarted_in_turn_and_all_adds_up(
    make: Make, stack: Settings, containers: Containers
) -> None:
    before = _served(stack)
    for service in sorted({container["Service"] for container in containers.running()}):
        assert re.search(rf"^ *{service} +healthy ", make("restart", f"SERVICE={service}"), re.M), service
    make("landed")
    make("batch")
    make("streamed")
    assert _served(stack) == before
    assert "All hops add up" in make("verify")


def test_more_workers_all_work(make: Make, stack: Settings, containers: Containers) -> None:
    before = _served(stack)
    assert "spark-worker (3)" in make("up", "WORKERS=3")
    make("batch", "FULL=1")
    make("restart", "SERVICE=rest-proxy")
    assert [container["Service"] for container in containers.running()].count("spark-worker") == 3  # still
    assert _served(stack) == before
    log = containers.compose("logs", "spark-worker")
    assert {f"spark-worker-{number}" for number in (1, 2, 3)} <= set(
        re.findall(r"^(spark-worker-\d) .*Asked to launch executor", log, re.M)
    )


def test_no_container_was_killed_but_by_these_tests(
    containers: Containers, kills: Callable[[], list[str]]
) -> None:
    """Airflow's parts may have ended by themselves, when their database was restarted."""
    assert {name for name, (_, short_of_memory) in containers.restarts().items() if short_of_memory} == set()
    assert set(kills()) <= {f"{PROJECT}-localstack-1"}


def test_down_keeps_the_data_and_nothing_else(make: Make, stack: Settings, containers: Containers) -> None:
    before = _served(stack)
    assert "The data are kept" in make("down")
    assert make.run("status").returncode
    left = containers.unnamed_volumes()
    make("up")
    assert _served(stack) == before
    make("down")
    assert containers.unnamed_volumes() <= left


def test_a_start_that_fails_is_explained_and_clean_asks(
    make: Make, stack: Settings, containers: Containers
) -> None:
    with socket.create_server(("127.0.0.1", stack.mysql.port)):
        refused = make.run("up")
    assert refused.returncode
    assert "mysql did not start" in refused.stdout
    assert "make up" in refused.stdout
    assert containers.volumes()
    assert make.run("clean").returncode  # it asks, and there is nobody to answer


def test_data_of_a_checkout_with_other_secrets_are_refused_until_clean_removes_them(
    make: Make, checkout: Path, containers: Containers
) -> None:
    make("down")
    _forget_the_cluster(checkout / ".env")
    refused = make.run("up")
    assert refused.returncode
    assert "were made with other secrets than .env has" in refused.stdout
    assert containers.running() == []
    make("clean", "FORCE=1")
    assert containers.volumes() == []


def test_volumes_without_data_are_not_refused(make: Make, checkout: Path, containers: Containers) -> None:
    make("setup")
    assert containers.volumes()  # made with the container that writes .env
    _forget_the_cluster(checkout / ".env")
    assert "Generated KAFKA_CLUSTER_ID" in make("setup")
