"""Test what the dashboard's server is told."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit import config, net_util
from streamlit.web import bootstrap
from streamlit.web.cli import main as streamlit
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

from common.settings import ROOT, Settings
from stack.dashboard import launch
from stack.local.isolated import make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "state", DASHBOARD_PORT=18501)


def test_each_option_is_one_of_streamlits(settings: Settings) -> None:
    """An unknown one would end the server at its start."""
    assert launch.options(settings).keys() <= config.get_config_options().keys()


@pytest.fixture
def started(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Streamlit's configuration as the words of the command line make it, without the server."""
    monkeypatch.setattr(bootstrap, "run", lambda *_, **__: None)
    known_as = settings.replace(ALLOWED_HOSTS="laptop.example, .example.org")
    streamlit(launch.arguments(known_as), standalone_mode=False)
    yield
    config.get_config_options(force_reparse=True)


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("name", ["localhost", "127.0.0.1", "laptop.example", "a.example.org"])
def test_it_is_called_by_names_that_are_known(name: str) -> None:
    assert is_host_allowed(f"{name}:18501")


@pytest.mark.usefixtures("started")
@pytest.mark.parametrize("name", ["evil.example", "localhost.evil.example"])
def test_a_strangers_name_that_means_this_machine_is_refused(name: str) -> None:
    """DNS rebinding: to the browser the page is then of the same origin."""
    assert not is_host_allowed(f"{name}:18501")


def test_it_is_on_loopback_and_sends_nothing_about_its_use(settings: Settings) -> None:
    told = launch.options(settings)
    assert (told["server.address"], told["server.port"]) == ("127.0.0.1", "18501")
    assert told["browser.gatherUsageStats"] == "false"
    assert (told["server.headless"], told["server.fileWatcherType"]) == ("true", "none")


def test_pages_of_other_sites_are_kept_out(settings: Settings) -> None:
    told = launch.options(settings)
    assert (told["server.enableCORS"], told["server.enableXsrfProtection"]) == ("true", "true")


def test_it_asks_nobody_for_this_machines_address(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[list[str]] = []
    monkeypatch.setattr(net_util, "get_external_ip", net_util.get_external_ip)  # put back afterwards
    monkeypatch.setattr(net_util, "_make_blocking_http_get", lambda *_, **__: pytest.fail("asked"))
    monkeypatch.setattr(launch, "load_settings", lambda: settings)
    monkeypatch.setattr(launch, "streamlit", ran.append)
    launch.main()
    assert net_util.get_external_ip() is None
    assert ran == [launch.arguments(settings)]
    assert ran[0][:2] == ["run", str(launch.APP)]
    assert "--server.port=18501" in ran[0]


def test_the_first_look_waits_for_no_import(settings: Settings) -> None:
    """In a Python of its own: this one has them from other tests."""
    code = (
        "import sys; from stack.dashboard import launch; launch.streamlit = lambda _: None; launch.main();"
        " print(sorted({'dashboard.pages.runs', 'dashboard.sources'} - sys.modules.keys()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | settings.environment(),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == "[]"
