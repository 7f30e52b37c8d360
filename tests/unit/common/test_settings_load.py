"""Test what a process gets for settings, and what its libraries then find in the environment."""

import os
from pathlib import Path

import pytest

from common.environment import MARK
from common.settings import SERVICE, Settings, load_settings
from stack.local.isolated import make_settings

PROXY = "http://proxy.example:1"


def load() -> Settings:
    """Return the settings of a process that starts now."""
    return load_settings.__wrapped__()


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment that the process has from its caller."""
    variables = {**make_settings(tmp_path).environment(), "PATH": "/bin", "PGOPTIONS": "-c a=b"}
    monkeypatch.setattr(os, "environ", variables)
    return variables


def test_a_service_has_the_secrets_that_it_is_given_and_a_sentence_for_each_other(
    shell: dict[str, str],
) -> None:
    given = shell["ANALYST_PASSWORD"]
    shell[SERVICE] = "s3-sink"
    del shell["MYSQL_PASSWORD"], shell["AWS_SECRET_ACCESS_KEY"]
    settings = load()
    assert settings.postgres.analyst_password.get_secret_value() == given
    assert settings.aws.secret_access_key.get_secret_value() == "test"  # it has a default
    with pytest.raises(PermissionError, match=r"^MYSQL_PASSWORD is not among the secrets of s3-sink: "):
        settings.mysql.password.get_secret_value()


def test_what_the_environment_has_of_strangers_goes(shell: dict[str, str]) -> None:
    settings = load()
    assert shell["PATH"] == "/bin"
    assert shell["KAFKA_PORT"] == str(settings.kafka.port)
    assert "PGOPTIONS" not in shell
    assert MARK in shell


def test_what_was_added_since_the_environment_was_composed_stays(shell: dict[str, str]) -> None:
    shell[MARK] = "composed"
    load()
    assert shell["PGOPTIONS"] == "-c a=b"


@pytest.mark.parametrize("composed", [False, True])
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "https_proxy"])
@pytest.mark.parametrize(("endpoint", "found"), [("", PROXY), ("http://127.0.0.1:4566", None)])
def test_what_other_programs_go_by_too_is_there_where_it_counts_under_its_one_name(
    shell: dict[str, str], endpoint: str, name: str, found: str | None, composed: bool
) -> None:
    shell.update({"AWS_ENDPOINT_URL": endpoint, name: PROXY})
    if composed:
        shell[MARK] = "composed"
    assert load().https_proxy == (found or "")
    assert shell.get("HTTPS_PROXY") == found
    assert "https_proxy" not in shell
