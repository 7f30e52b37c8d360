"""Test which ports are looked at before services start, and what is said of one that another program holds."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from common.settings import Settings
from stack.local import cli, doctor, processes, supervision
from stack.local.compose import load
from stack.local.isolated import make_settings

CORE = [
    "KAFKA_PORT",
    "KAFKA_CONTROLLER_PORT",
    "LOCALSTACK_PORT",
    "MYSQL_PORT",
    "POSTGRES_PORT",
    "REST_PROXY_PORT",
]


def checked(settings: Settings) -> list[str]:
    """Return the variables of the ports that the checks of `make doctor` look at."""
    numbers = {
        settings.environment()[name]: name for name in settings.environment() if name.endswith("_PORT")
    }
    checks = [finding.check for finding in doctor.findings(settings, doctor.chosen(settings))]
    return [numbers[check.split()[1]] for check in checks if check.startswith("Port ")]


@pytest.mark.parametrize(
    ("profiles", "further"),
    [
        ("", []),
        ("stream", []),
        ("airflow,dashboard", ["AIRFLOW_PORT", "DASHBOARD_PORT"]),
        ("notebook", ["NOTEBOOK_PORT", "JOBS_API_PORT"]),
    ],
)
def test_the_ports_of_the_chosen_services_are_checked(
    tmp_path: Path, profiles: str, further: list[str]
) -> None:
    assert sorted(checked(make_settings(tmp_path, COMPOSE_PROFILES=profiles))) == sorted([*CORE, *further])


def test_every_port_among_the_settings_is_that_of_a_service(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    settled = {name for name in settings.environment() if name.endswith("_PORT")}
    assert {name for service in load(settings).values() for name in service.ports} == settled


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    """A port that another program holds."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        yield held


@pytest.mark.parametrize("variable", ["NOTEBOOK_PORT", "JOBS_API_PORT", "KAFKA_CONTROLLER_PORT"])
def test_a_port_that_another_program_holds_comes_with_its_variable(
    tmp_path: Path, taken: socket.socket, variable: str
) -> None:
    number = taken.getsockname()[1]
    settings = make_settings(tmp_path, COMPOSE_PROFILES="notebook", **{variable: number})
    found = doctor.findings(settings, doctor.chosen(settings))
    [finding] = [each for each in found if f"Port {number} " in each.check]
    assert finding.fatal
    assert f"set {variable} in .env" in finding.remedy


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(("profiles", "service"), [("", "notebook"), ("notebook", "")])
def test_a_service_that_is_to_start_where_its_port_is_held_is_refused(
    tmp_path: Path,
    taken: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *,
    profiles: str,
    service: str,
    running: bool,
) -> None:
    number = taken.getsockname()[1]
    settings = make_settings(tmp_path, COMPOSE_PROFILES=profiles, NOTEBOOK_PORT=number)
    monkeypatch.setattr(cli, "load_settings", lambda: settings)
    monkeypatch.setattr(supervision, "running", lambda _: running)
    started: list[object] = []
    monkeypatch.setattr(supervision, "start", lambda *words: started.append(words))
    with pytest.raises(SystemExit):
        cli.up(service)
    assert started == []
    assert "set NOTEBOOK_PORT in .env" in capsys.readouterr().out


def test_ports_of_services_that_run_are_not_looked_at_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    at_work = supervision.ProcessState("RUNNING", 0, 1, "")
    monkeypatch.setattr(cli, "load_settings", lambda: settings)
    monkeypatch.setattr(supervision, "running", lambda _: True)
    monkeypatch.setattr(supervision, "states", lambda _: dict.fromkeys(load(settings), at_work))
    monkeypatch.setattr(supervision, "start", lambda *_: None)
    monkeypatch.setattr(supervision, "start_service", lambda *_: None)
    monkeypatch.setattr(cli, "_wait_until_up", lambda *_: None)
    asked: list[int] = []
    monkeypatch.setattr(processes, "listening", asked.append)
    cli.up()
    assert asked == []
