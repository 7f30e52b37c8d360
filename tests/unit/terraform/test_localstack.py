"""Terraform for LocalStack: what it is given, and what is refused, with a program in its place that notes both."""

from pathlib import Path

import pytest

from common.settings import Settings
from stack.local.isolated import make_settings
from stack.terraform import localstack
from stack.terraform.localstack import main, of_localstack, reached_by_localstack

FAKE = """#!/bin/sh
echo "$*" >> "$HOME/commands"
env > "$HOME/environment"
case "$*" in *$FAILING*) exit 1 ;; esac
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path / "state", USER_ID="0a1b2c3d4e5f", KINESIS_SHARDS=2, AWS_REGION="eu-west-1")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    """Return where the program in Terraform's place leaves its commands and its environment."""
    (tmp_path / "terraform").write_text(FAKE)
    (tmp_path / "terraform").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("FAILING", "nothing")
    monkeypatch.setattr(localstack, "load_settings", lambda: settings)
    return tmp_path


def environment(home: Path) -> dict[str, str]:
    """Return the environment of the last command."""
    lines = (home / "environment").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def commands(home: Path) -> list[str]:
    """Return the commands without where they were run."""
    return [line.split(" ", 1)[1] for line in (home / "commands").read_text().splitlines()]


def test_the_module_gets_the_settings_and_nothing_of_the_caller_s(
    settings: Settings, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "TF_VAR_stage", "TF_CLI_ARGS", "TF_WORKSPACE"):
        monkeypatch.setenv(name, "the caller's")
    of_localstack(settings, api_authorization="iam").run("plan")
    given = environment(home)
    assert {name: value for name, value in given.items() if name.startswith(("AWS_", "TF_VAR_"))} == {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "TF_VAR_user_id": "0a1b2c3d4e5f",
        "TF_VAR_region": "eu-west-1",
        "TF_VAR_rest_proxy_url": settings.rest_proxy.url,
        "TF_VAR_kinesis_shards": "2",
        "TF_VAR_stage": "test",
        "TF_VAR_endpoint_url": settings.aws.endpoint_url,
        "TF_VAR_force_destroy": "true",
        "TF_VAR_api_authorization": "iam",
    }
    assert {name for name in given if name.startswith("TF_") and not name.startswith("TF_VAR_")} == {
        "TF_DATA_DIR",
        "TF_IN_AUTOMATION",
    }


def test_the_state_is_the_account_s_own_and_one_for_each_user(settings: Settings) -> None:
    one, other = of_localstack(settings), of_localstack(settings.replace(USER_ID="other"))
    assert one.state
    assert one.state != other.state
    assert one.state.is_relative_to(settings.state_dir)
    assert one.state.parent.stat().st_mode & 0o077 == 0


def test_what_is_made_is_not_the_stack_s_own(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    main()
    assert environment(home)["TF_VAR_user_id"] == "tf0a1b2c3d4e5f"
    assert [line.split()[0] for line in commands(home)] == ["init", "apply", "apply", "output"]
    assert "-auto-approve" in commands(home)[1]
    assert "put these lines into .env" in capfd.readouterr().err


def test_it_is_removed_where_that_is_asked(home: Path) -> None:
    main(user_id="mine", remove=True)
    assert environment(home)["TF_VAR_user_id"] == "mine"
    assert [line.split()[0] for line in commands(home)] == ["init", "destroy"]


def test_once_env_has_its_lines_the_same_is_made_again_and_removed(
    home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = settings.replace(USER_ID="tf0a1b2c3d4e5f")
    state = of_localstack(taken).state
    assert state
    state.touch()
    monkeypatch.setattr(localstack, "load_settings", lambda: taken)
    for remove in (False, True):
        main(remove=remove)
        assert environment(home)["TF_VAR_user_id"] == "tf0a1b2c3d4e5f"


def test_a_failure_of_terraform_s_ends_the_command(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAILING", "apply")
    with pytest.raises(SystemExit):
        main()
    assert "Terraform failed" in capfd.readouterr().err
    assert len(commands(home)) == 2


def test_a_missing_provider_is_told(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAILING", "init")
    with pytest.raises(SystemExit):
        main()
    assert "has not got its provider" in capfd.readouterr().err
    assert len(commands(home)) == 1


def test_aws_itself_is_not_touched(
    home: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(localstack, "load_settings", lambda: settings.replace(AWS_ENDPOINT_URL=""))
    with pytest.raises(SystemExit):
        main()
    assert "AWS itself" in capfd.readouterr().err
    assert not (home / "commands").exists()


def test_without_terraform_that_is_said(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(home / "nowhere"))
    with pytest.raises(SystemExit):
        main()
    assert "terraform is not installed" in capfd.readouterr().err


def test_a_localstack_in_a_container_finds_the_rest_proxy(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MODE", "compose")
    assert (
        reached_by_localstack(settings).api.rest_proxy_url == f"http://rest-proxy:{settings.rest_proxy.port}"
    )
    monkeypatch.setenv("MODE", "local")
    assert reached_by_localstack(settings) == settings
