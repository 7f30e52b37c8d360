"""The files from which the course's emulators read their settings, in the forms that they read."""

import stat
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import yaml
from dotenv import dotenv_values

from common.settings import Settings
from operations.credentials import contents, write
from stack.local.isolated import make_settings

URL = "http://127.0.0.1:4566/_aws/execute-api/abc/test"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(
        tmp_path / "state", MYSQL_PORT=13306, MYSQL_PASSWORD="on: it's #1", USER_ID="0a1b2c3d4e5f"
    )


@pytest.fixture
def files(settings: Settings, tmp_path: Path) -> dict[str, str]:
    return contents(settings, URL, tmp_path)


def test_the_database_is_there_by_the_names_of_the_yaml_file(files: dict[str, str]) -> None:
    found: dict[str, Any] = yaml.safe_load(files["db_creds.yaml"])
    assert found == {
        "HOST": "127.0.0.1",
        "USER": "pinterest",
        "PASSWORD": "on: it's #1",
        "DATABASE": "pinterest_data",
        "PORT": 13306,
    }


def test_the_invoke_url_is_there_as_yaml_and_as_text(files: dict[str, str]) -> None:
    assert yaml.safe_load(files["api_gateway_config.yaml"]) == {"api_gateway_invoke_url": URL}
    assert files["invoke-url.txt"] == URL


def test_the_variables_are_those_of_the_emulators(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path / "state", MYSQL_PASSWORD="plain", USER_ID="0a1b2c3d4e5f", MYSQL_PORT=13306
    )
    found = dotenv_values(stream=StringIO(contents(settings, URL, tmp_path)[".env"]))
    assert found == {
        "RDSHOST": "127.0.0.1",
        "RDSUSER": "pinterest",
        "RDSPASSWORD": "plain",
        "RDSDATABASE": "pinterest_data",
        "RDSPORT": "13306",
        "invoke_URL": URL.removesuffix("/test"),
        "deployment_stage": "test",
        "iam_username": "0a1b2c3d4e5f",
        "creds_path": str(tmp_path / "db_creds.yaml"),
        "credentials_env": str(tmp_path / "db_creds.yaml"),
    }


def test_files_are_this_accounts_alone(files: dict[str, str], tmp_path: Path) -> None:
    folder = tmp_path / "new" / "folder"
    write(folder, files, force=False)
    for name, text in files.items():
        assert (folder / name).read_text() == text
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_what_is_there_is_overwritten_by_force_alone(files: dict[str, str], tmp_path: Path) -> None:
    theirs = tmp_path / "invoke-url.txt"
    theirs.write_text("theirs")
    theirs.chmod(0o644)
    with pytest.raises(FileExistsError) as refused:
        write(tmp_path, files, force=False)
    assert refused.value.filename == str(theirs)
    assert [path.name for path in tmp_path.iterdir()] == ["invoke-url.txt"]
    write(tmp_path, files, force=True)
    assert theirs.read_text() == URL
    assert stat.S_IMODE(theirs.stat().st_mode) == 0o600
