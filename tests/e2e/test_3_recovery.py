"""The stack survives what happens to it: starts twice, kills, restarts, lost buckets, taken ports."""

import json
import os
import re
import signal
import socket
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES
from stack.local import supervision
from stack.local.compose import load
from tests import airflow_runs
from tests.e2e import stages
from tests.e2e.conftest import TEST_SECONDS
from tests.make import Make

# The writer looks every 5 s and reads 3,000 records again in 30 s on two busy cores; four times that.
HEALED_SECONDS = 140.0

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]


def _pids(stack: Settings) -> list[int]:
    notes = (stack.state_dir / "run").glob("*.pid.json")
    return [json.loads(note.read_text())["pid"] for note in notes]


def _lasting(stack: Settings) -> int:
    """Return how many services run on, once started."""
    return sum(service.enabled and not service.one_shot for service in load(stack).values())


def _served(stack: Settings) -> list[list[tuple[object, ...]]]:
    return [stages.served_rows(stack, table) for table in TABLES]


def test_starting_twice_does_no_harm(make: Make, stack: Settings) -> None:
    before = _pids(stack)
    printed = make("up")
    assert printed.count("healthy") == _lasting(stack)
    still = [pid for pid in before if psutil.pid_exists(pid)]
    assert len(still) >= _lasting(stack)
    assert "postgresql://analyst@127.0.0.1" in make("status")


def test_logs_of_one_service_and_an_unknown_one(make: Make) -> None:
    assert "database system is ready" in make("logs", "SERVICE=postgres")
    unknown = make.run("logs", "SERVICE=redis")
    assert unknown.returncode
    assert "There is no service 'redis'" in unknown.stdout


def test_kill_of_everything_then_up(make: Make, stack: Settings) -> None:
    served, kafka = _served(stack), stages.kafka_values(stack)
    airflow_runs.pause(stack, paused=True)
    supervisor = int((stack.state_dir / "run" / "supervisord.pid").read_text())
    for pid in [supervisor, *_pids(stack)]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    make("up")
    assert stages.kafka_values(stack) == kafka
    assert _served(stack) == served
    make("landed")
    assert stages.landed_lines(stack).keys() == kafka.keys()  # S3 was in memory: rebuilt from Kafka


def test_a_lost_bucket_is_said_in_one_block_and_a_paused_dag_stays_paused(
    make: Make, stack: Settings
) -> None:
    airflow_runs.wait_for_step(make, "waits, since pinterest_batch is paused in Airflow")
    said = make.run("verify")
    assert said.returncode
    assert "The bucket was lost" in said.stdout
    assert "waits, since pinterest_batch is paused" in said.stdout
    assert "offsets" not in said.stdout.rpartition("The bucket was lost")[2]
    assert airflow_runs.rebuilds(stack) == []


def test_the_lost_bucket_is_rebuilt_by_itself_once(make: Make, stack: Settings) -> None:
    served = _served(stack)
    airflow_runs.pause(stack, paused=False)
    airflow_runs.wait_for_step(make)
    [mode] = stages.ask(stack, "SELECT mode FROM ops.batch_runs ORDER BY run_id DESC LIMIT 1")
    assert mode == ("rebuild",)
    assert _served(stack) == served
    make("restart", "SERVICE=provision")  # it finds nothing more to do
    airflow_runs.wait_for_rebuilds(stack, 1)


def test_localstack_killed_alone_then_both_paths_add_up_again(make: Make, stack: Settings) -> None:
    served = _served(stack)
    os.kill(supervision.states(stack)["localstack"].pid, signal.SIGKILL)
    make("up")
    airflow_runs.wait_for_step(make)
    # Nothing is sent: that its checkpoints went with the bucket, the streaming writer has to notice by itself.
    adds_up = "All hops add up"
    wait_until(lambda: adds_up in make.run("verify").stdout, timeout=HEALED_SECONDS, what=adds_up, interval=1)
    assert _served(stack) == served
    airflow_runs.wait_for_rebuilds(stack, 2)
    shown = make("status")
    assert re.search(r"^localstack: restarted once, at .*: it was killed \(SIGKILL\)", shown, re.M)
    assert re.search(r"^provision: restarted once, at .*: by `make restart`", shown, re.M)
    assert "kafka: restarted" not in shown  # before this start of the stack
    assert re.search(r"^kafka +[\d,]+ MB +KAFKA_RETENTION_BYTES", shown, re.M)


def test_supervisor_killed_alone_then_up(make: Make, stack: Settings) -> None:
    os.kill(int((stack.state_dir / "run" / "supervisord.pid").read_text()), signal.SIGKILL)
    printed = make("up")
    assert "outlived a crash" in printed
    assert printed.count("healthy") == _lasting(stack)


def test_restart_of_one_service(make: Make, stack: Settings) -> None:
    before = supervision.states(stack)["rest-proxy"].pid
    printed = make("restart", "SERVICE=rest-proxy")
    assert printed.count("healthy") == _lasting(stack)
    assert supervision.states(stack)["rest-proxy"].pid != before


def test_a_connectors_properties_hold_until_they_are_taken_back(
    make: Make, stack: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "connector.properties"
    file.write_text(f"topics.regex={stack.user_id}.*\nflush.size=1\ns3.bucket.name={stack.bucket}\n")
    assert "flush.size=1: an object has up to 1 record" in make("connector", f"CONFIG={file}")
    make("restart", "SERVICE=s3-sink")
    assert "S3 sink, by `make connector`: topics.regex=" in make("status")
    file.write_text("flush.size=5\nformat.class=io.confluent.connect.s3.format.parquet.ParquetFormat\n")
    refused = make.run("connector", f"CONFIG={file}")
    assert refused.returncode
    assert "format.class=io.confluent.connect.s3.format.parquet.ParquetFormat: " in refused.stdout
    assert "flush.size=1" in make("connector")
    make("connector", "CONFIG=/dev/null")
    assert "by `make connector`" not in make("status")


def test_down_keeps_the_data_and_a_taken_port_is_explained(make: Make, stack: Settings) -> None:
    assert "The data are kept" in make("down")
    assert "not up" in make("down")
    assert make.run("status").returncode
    with socket.create_server(("127.0.0.1", stack.mysql.port)):
        refused = make.run("up")
        doctor = make.run("doctor")
    for printed in (refused, doctor):
        assert printed.returncode
        assert f"pid {os.getpid()}" in printed.stdout
        assert "set MYSQL_PORT in .env" in printed.stdout
    assert not supervision.running(stack)


def test_clean_removes_the_data_only_when_told_so(make: Make, stack: Settings) -> None:
    refused = make.run("clean")  # it asks, and there is nobody to answer
    assert refused.returncode
    assert (stack.state_dir / "kafka").exists()
    make("clean", "FORCE=1")
    assert not stack.state_dir.exists()
