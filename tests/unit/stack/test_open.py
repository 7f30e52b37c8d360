"""Test which address `make open` prints, and which page it opens."""

import webbrowser
from pathlib import Path

import pytest

from common import health
from common.settings import Settings
from stack.local import open as opener
from stack.local.isolated import make_settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    return make_settings(tmp_path, DASHBOARD_PORT=18501, AIRFLOW_PORT=18080, REST_PROXY_PORT=18082)


@pytest.mark.parametrize(
    ("profiles", "names"),
    [
        ("stream,airflow,dashboard", ["Dashboard", "Airflow", "REST proxy"]),
        ("airflow", ["Airflow", "REST proxy"]),
        ("", ["REST proxy"]),
        ("notebook", ["JupyterLab", "Jobs API", "REST proxy"]),
    ],
)
def test_what_is_chosen_has_an_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, profiles: str, names: list[str]
) -> None:
    monkeypatch.setattr(health, "problem", lambda *_: "no answer")
    found = opener.shown(settings.replace(COMPOSE_PROFILES=profiles))
    assert [page.name for page in found] == names
    assert not any(found.values())


def test_what_runs_without_being_chosen_has_one_too(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "problem", lambda name, _: None if name == "notebook" else "no answer")
    found = opener.shown(settings.replace(COMPOSE_PROFILES=""))
    assert {page.name: well for page, well in found.items()} == {"JupyterLab": True, "REST proxy": False}


def test_what_is_down_is_named_and_not_opened(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(opener, "load_settings", lambda: settings)
    monkeypatch.setattr(health, "problem", lambda name, _: None if name == "rest-proxy" else "no answer")
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.setenv("DISPLAY", ":0")
    opener.main()
    assert capsys.readouterr().out.splitlines() == [
        "Dashboard   http://localhost:18501  (down)",
        "Airflow     http://localhost:18080  user admin, AIRFLOW_PASSWORD in .env  (down)",
        "REST proxy  http://127.0.0.1:18082/docs",
        "`make up` starts what is down; `make status` says more.",
    ]
    assert opened == []


def test_in_a_container_nobody_is_asked(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(opener, "load_settings", lambda: settings)
    monkeypatch.setattr(health, "problem", lambda *_: pytest.fail("asked"))
    opener.main(ask=False)
    assert "down" not in capsys.readouterr().out


def test_the_dashboard_is_opened_where_there_is_a_display(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(opener, "load_settings", lambda: settings)
    monkeypatch.setattr(
        health, "problem", lambda name, _: "no answer" if name in ("notebook", "jobs") else None
    )
    monkeypatch.setattr(webbrowser, "open", opened.append)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    opener.main()
    assert opened == []
    monkeypatch.setenv("DISPLAY", ":0")
    opener.main()
    assert opened == ["http://localhost:18501"]
    assert capsys.readouterr().out.splitlines()[:3] == [
        "Dashboard   http://localhost:18501",
        "Airflow     http://localhost:18080  user admin, AIRFLOW_PASSWORD in .env",
        "REST proxy  http://127.0.0.1:18082/docs",
    ]
