"""Test which address `make open` prints, and which page it opens."""

import webbrowser
from pathlib import Path

import pytest

from common.settings import Settings
from stack.local import open as opener
from stack.local.isolated import make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, DASHBOARD_PORT=18501, AIRFLOW_PORT=18080, REST_PROXY_PORT=18082)


@pytest.mark.parametrize(
    ("profiles", "names"),
    [
        ("stream,airflow,dashboard", ["Dashboard", "Airflow", "REST proxy"]),
        ("airflow", ["Airflow", "REST proxy"]),
        ("", ["REST proxy"]),
    ],
)
def test_what_runs_has_an_address(settings: Settings, profiles: str, names: list[str]) -> None:
    assert list(opener.addresses(settings.replace(COMPOSE_PROFILES=profiles))) == names


def test_the_dashboard_is_opened_where_there_is_a_display(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    opened: list[str] = []
    monkeypatch.setattr(opener, "load_settings", lambda: settings)
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
