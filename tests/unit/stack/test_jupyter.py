"""Test what JupyterLab's server is told, and the folders that it shows."""

import json
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader
from jupyter_server import DEFAULT_TEMPLATE_PATH_LIST

from common.settings import ROOT, Settings
from common.user_folder import UserFolderError
from stack.jupyter.address import address
from stack.jupyter.folders import arrange_folders, checkpoints_folder, home, notebooks_folder
from stack.jupyter.server import configuration, environment
from stack.local.isolated import make_settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "state")


def shown(settings: Settings) -> dict[str, Path]:
    arrange_folders(settings)
    return {entry.name: entry.resolve() for entry in notebooks_folder(settings).iterdir()}


def test_examples_and_the_users_own_folder_are_shown(settings: Settings, tmp_path: Path) -> None:
    assert shown(settings) == {"examples": ROOT / "notebooks"}
    own = tmp_path / "mine"
    own.mkdir()
    both = {"examples": ROOT / "notebooks", "own": own}
    assert shown(settings.replace(NOTEBOOK_DIR=own)) == both
    assert shown(settings) == {"examples": ROOT / "notebooks"}


def test_no_other_account_enters_the_folders(settings: Settings) -> None:
    arrange_folders(settings)
    folders = (home(settings), notebooks_folder(settings), checkpoints_folder(settings))
    assert {folder.stat().st_mode & 0o777 for folder in folders} == {0o700}


def test_what_a_user_made_in_the_place_of_a_link_stays(settings: Settings) -> None:
    file = notebooks_folder(settings) / "own" / "a.ipynb"
    file.parent.mkdir(parents=True)
    file.write_text("{}")
    shown(settings.replace(NOTEBOOK_DIR=ROOT / "notebooks"))
    assert file.read_text() == "{}"


def test_a_folder_that_is_none_is_named(settings: Settings, tmp_path: Path) -> None:
    path = tmp_path / "mine"
    with pytest.raises(UserFolderError, match=f"NOTEBOOK_DIR: there is no folder {path}"):
        arrange_folders(settings.replace(NOTEBOOK_DIR=path))


def test_only_this_machine_and_who_has_the_token_are_let_in(settings: Settings) -> None:
    server = configuration(settings).ServerApp
    assert server.ip == "127.0.0.1"
    assert server.allow_remote_access is False
    assert server.terminals_enabled is False
    token = settings.notebook.token.get_secret_value()
    assert configuration(settings).IdentityProvider.token == token
    assert address(settings) == f"http://127.0.0.1:{settings.notebook.port}/lab?token={token}"


def test_login_page_says_where_the_token_is(settings: Settings) -> None:
    """Without a server: its page, as it renders it with the templates that it is told of."""
    paths = [*configuration(settings).ServerApp.extra_template_paths, *DEFAULT_TEMPLATE_PATH_LIST]
    templates = Environment(loader=FileSystemLoader(paths), extensions=["jinja2.ext.i18n"], autoescape=True)
    page = templates.get_template("login.html").render(
        login_available=True,
        token_available=True,
        gettext=str,
        xsrf_form_html=str,
        static_url=str,
        message={},
        next="/lab",
    )
    assert 'name="password"' in page
    for told in ("NOTEBOOK_TOKEN", ".env", "make notebook"):
        assert told in page
    assert "jupyter server list" not in page


def test_the_accounts_own_jupyter_is_left_alone(settings: Settings) -> None:
    variables = environment(settings)
    for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR"):
        assert Path(variables[name]).is_relative_to(settings.state_dir)


def test_there_is_one_kernel_which_is_ours(settings: Settings) -> None:
    [spec] = (Path(environment(settings)["JUPYTER_PATH"]) / "kernels").glob("*/kernel.json")
    assert configuration(settings).KernelSpecManager.allowed_kernelspecs == {spec.parent.name}
    # -P: a notebook's folder may have modules of our names.
    assert json.loads(spec.read_text())["argv"][:4] == ["python", "-P", "-m", "workspace.kernel"]


def test_kernels_that_are_idle_for_an_hour_end_though_a_tab_shows_them(settings: Settings) -> None:
    kernels = configuration(settings).MappingKernelManager
    assert (kernels.cull_idle_timeout, kernels.cull_connected) == (3600, True)


def test_nothing_asks_the_network(settings: Settings) -> None:
    lab = configuration(settings).LabApp
    assert lab.news_url is None
    assert lab.check_for_updates_class.endswith("NeverCheckForUpdate")
    assert lab.extension_manager == "readonly"
    page = json.loads((ROOT / "stack" / "jupyter" / "labconfig" / "page_config.json").read_text())
    assert all(page["disabledExtensions"].values())
