"""Local mode ends what a crash left behind, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from functools import partial
from pathlib import Path

import psutil
import pytest

from common import health
from common.settings import ROOT, Settings
from common.wait import wait_until
from stack.local import cli, compose, processes, supervision
from stack.local.compose import load
from stack.local.isolated import free_port, make_settings

# As they start.
ORDER = ("kafka", "airflow-init", "s3-sink")
# Those whose programs are ours, which read any setting, and Airflow, whose tasks do.
OUR_OWN = {
    *("rest-proxy", "s3-sink", "provision", "streaming-writer", "dashboard", "notebook", "jobs"),
    *("airflow-init", "airflow-apiserver", "airflow-scheduler", "airflow-dag-processor"),
}


@pytest.fixture
def stack(tmp_path: Path) -> Settings:
    (tmp_path / "run").mkdir()
    return make_settings(tmp_path)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    """A process that leads a group of its own, as supervisord's children do."""
    process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, start_new_session=True
    )
    yield process
    process.kill()
    process.wait()


def _note(stack: Settings, pid: int, started: str | float, service: str = "kafka") -> Path:
    path = stack.state_dir / "run" / f"{service}.pid.json"
    path.write_text(json.dumps({"pid": pid, "started": started}))
    return path


def test_a_leftover_is_ended(stack: Settings, sleeper: subprocess.Popen[bytes]) -> None:
    note = _note(stack, sleeper.pid, processes.started(sleeper.pid))
    assert processes.end_leftovers(stack, ORDER) == ["kafka"]
    assert sleeper.wait(60) < 0
    assert not note.exists()


def test_leftovers_end_before_what_they_depend_on(stack: Settings, sleeper: subprocess.Popen[bytes]) -> None:
    for service in ORDER:  # all the same process: whoever comes first ends it
        _note(stack, sleeper.pid, processes.started(sleeper.pid), service)
    assert processes.end_leftovers(stack, ORDER) == ["s3-sink"]


def test_children_that_outlived_a_killed_service_end_with_the_stack(stack: Settings) -> None:
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()']); input()"
    command = [sys.executable, "-c", child]
    leader = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    me = psutil.Process(leader.pid)
    [orphan] = wait_until(me.children, timeout=60, what="the child to start")
    _note(stack, leader.pid, processes.started(leader.pid))
    leader.kill()
    leader.wait()
    processes.record(stack, "kafka")  # the service's next start, here by this very process
    assert orphan.is_running()
    (stack.state_dir / "run" / "kafka.pid.json").unlink()
    assert processes.end_leftovers(stack, ORDER) == [f"kafka.{leader.pid}"]
    # Where process 1 does not reap orphans, a dead one stays as a zombie.
    assert not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE


def test_a_leftover_is_known_again_after_a_step_of_the_clock(
    stack: Settings, sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    _note(stack, sleeper.pid, processes.started(sleeper.pid))
    since = psutil.boot_time() + 3600  # the kernel gives it by the clock of now
    monkeypatch.setattr(psutil, "boot_time", lambda: since)
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: since)
    assert processes.end_leftovers(stack, ORDER) == ["kafka"]
    assert sleeper.wait(60) < 0


@pytest.mark.parametrize("other", ["{boot} 1", "00000000-0000-4000-8000-000000000000 {ticks}"])
def test_a_stranger_with_the_same_pid_is_left_alone(
    stack: Settings, sleeper: subprocess.Popen[bytes], other: str
) -> None:
    boot, ticks = processes.started(sleeper.pid).split()
    _note(stack, sleeper.pid, other.format(boot=boot, ticks=ticks))
    assert processes.end_leftovers(stack, ORDER) == []
    assert sleeper.poll() is None


def test_a_note_of_an_earlier_version_is_a_strangers(
    stack: Settings, sleeper: subprocess.Popen[bytes]
) -> None:
    note = _note(stack, sleeper.pid, psutil.Process(sleeper.pid).create_time())
    processes.record(stack, "kafka")
    assert json.loads(note.read_text())["pid"] == os.getpid()
    _note(stack, sleeper.pid, psutil.Process(sleeper.pid).create_time())
    assert processes.end_leftovers(stack, ORDER) == []
    assert sleeper.poll() is None


def test_a_group_of_before_a_reboot_is_left_alone_where_its_leader_has_ended(stack: Settings) -> None:
    """Its number may be another group's by now, whose leader has ended too."""
    child = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'input()']); input()"
    leader = subprocess.Popen([sys.executable, "-c", child], stdin=subprocess.PIPE, start_new_session=True)
    [orphan] = wait_until(psutil.Process(leader.pid).children, timeout=60, what="the child to start")
    leader.kill()
    leader.wait()
    _note(stack, leader.pid, "00000000-0000-4000-8000-000000000000 1")
    assert processes.end_leftovers(stack, ORDER) == []
    assert orphan.is_running()
    orphan.kill()


def test_who_listens_on_a_port() -> None:
    port = free_port()
    assert not processes.listening(port)
    assert processes.holder(port) is None
    assert not processes.listens(os.getpid(), port)
    code = f"import socket; s = socket.create_server(('127.0.0.1', {port})); print(flush=True); input()"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdout
        server.stdout.readline()
        holder = processes.holder(port)
        assert holder is not None
        assert holder.pid == server.pid
        assert processes.listens(os.getpid(), port)  # by a child
        server.communicate(b"\n")


def test_a_changed_setting_changes_the_services_it_matters_to(tmp_path: Path) -> None:
    before = make_settings(tmp_path, REST_PROXY_QUEUE_RECORDS=1000)
    after = before.replace(REST_PROXY_QUEUE_RECORDS=2000)
    digests = {name: service.digest for name, service in load(before).items()}
    changed = {name for name, service in load(after).items() if service.digest != digests[name]}
    assert changed == OUR_OWN


@pytest.mark.parametrize("file", ["contracts/tables.py", "sql/migrations/pinterest/0001_first_schema.sql"])
def test_a_changed_table_restarts_our_own_services(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    settings, checkout = make_settings(tmp_path / "state"), tmp_path / "checkout"
    for folder in ("contracts", "sql"):
        shutil.copytree(ROOT / folder, checkout / folder)
    before = {name: service.digest for name, service in load(settings).items()}
    monkeypatch.setattr(compose, "agreement", partial(compose.agreement, checkout))
    assert {name: service.digest for name, service in load(settings).items()} == before
    with (checkout / file).open("a") as changed:
        changed.write("\n")
    restarted = {name for name, service in load(settings).items() if service.digest != before[name]}
    assert restarted == OUR_OWN


def test_a_moved_port_restarts_its_server(tmp_path: Path) -> None:
    before = make_settings(tmp_path)
    after = before.replace(MYSQL_PORT=free_port())
    assert load(before)["mysql"].digest != load(after)["mysql"].digest
    assert load(before)["postgres"].digest == load(after)["postgres"].digest


def test_supervisord_is_told_paths_with_blanks_and_percent_signs(tmp_path: Path) -> None:
    settings = make_settings(tmp_path / "my 100% folder")
    text = supervision.configuration(settings, load(settings).values())
    assert f"stdout_logfile={tmp_path}/my 100%% folder/logs/kafka.log" in text
    assert f'command="{sys.executable}" -m stack.local.launch kafka' in text


def test_a_service_is_stopped_before_what_it_depends_on(tmp_path: Path) -> None:
    """supervisord stops the highest priority first."""
    settings = make_settings(tmp_path)
    services = load(settings)
    parser = ConfigParser(interpolation=None)
    parser.read_string(supervision.configuration(settings, services.values()))
    priority = {name: parser.getint(f"program:{name}", "priority") for name in services}
    assert all(priority[name] > priority[other] for name in services for other in services[name].depends_on)


@pytest.mark.parametrize(("status", "end"), [(1, "ended with status 1"), (-1, "was ended by a signal")])
def test_of_a_service_that_is_started_again_it_is_told_how_it_ended(
    stack: Settings, status: int, end: str
) -> None:
    waiting = supervision.ProcessState("BACKOFF", status, 0, "", ended_at=1)
    told = cli.problem(stack, load(stack)["provision"], waiting)
    assert told == f"it {end} and is started again: `make logs SERVICE=provision` says why"


def test_a_long_path_gets_a_short_socket(tmp_path: Path) -> None:
    short = make_settings(tmp_path)
    assert supervision.socket_path(short) == tmp_path / "run" / "supervisor.sock"
    long = make_settings(tmp_path / ("x" * 100))
    assert len(os.fsencode(supervision.socket_path(long))) < 95


def test_a_service_is_not_asked_before_what_it_depends_on_is_well(
    stack: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unhealthy(_: Settings) -> None:
        raise health.Unhealthy("no broker yet")

    def well(_: Settings) -> None:
        pass

    asked = dict.fromkeys(health.CHECKS, well) | dict.fromkeys(
        ("kafka", "rest-proxy", "provision"), unhealthy
    )
    services = {name: service for name, service in load(stack).items() if not service.one_shot}
    states = dict.fromkeys(services, supervision.ProcessState("RUNNING", 0, os.getpid(), ""))
    monkeypatch.setattr(health, "CHECKS", asked)
    monkeypatch.setattr(supervision, "states", lambda _: states)
    monkeypatch.setattr(processes, "listens", lambda *_: True)
    assert cli.starting(stack, services, states) == {
        "kafka": "no broker yet",
        "provision": "waits for kafka",
        "rest-proxy": "waits for kafka",
        "s3-sink": "waits for provision",
        "streaming-writer": "waits for provision",
        "notebook": "waits for provision",
        "jobs": "waits for provision",
    }
