"""Test tokens for MSK: what they say, who signed them, and when they end."""

import time
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException

from common.msk_iam import token_source
from common.settings import Settings
from stack.local.isolated import make_settings
from tests.aws_keys import hide_credentials
from tests.msk_logins import date_of, end_of, from_token, signature

SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


@pytest.fixture(autouse=True)
def no_other_credentials(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    hide_credentials(monkeypatch, tmp_path)


def _settings(folder: Path, **values: str) -> Settings:
    own = {"KAFKA_SECURITY": "iam", "KAFKA_BOOTSTRAP_SERVERS": "b-1.example:9098", "AWS_ENDPOINT_URL": ""}
    return make_settings(folder, **own, **values)


@pytest.fixture
def with_keys(tmp_path: Path) -> Settings:
    keys = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": SECRET}
    return _settings(tmp_path, AWS_REGION="eu-west-2", **keys)


def test_a_token_asks_to_connect_to_msk_in_the_region(with_keys: Settings) -> None:
    said = from_token(token_source(with_keys)("")[0])
    assert said["host"] == "kafka.eu-west-2.amazonaws.com"
    assert said["action"] == "kafka-cluster:Connect"
    day = said["x-amz-date"][:8]
    assert said["x-amz-credential"] == f"AKIAIOSFODNN7EXAMPLE/{day}/eu-west-2/kafka-cluster/aws4_request"
    assert "x-amz-security-token" not in said


def test_a_token_is_signed_with_the_settings_keys(with_keys: Settings) -> None:
    said = from_token(token_source(with_keys)("")[0])
    assert said["x-amz-signature"] == signature(said, SECRET)
    assert said["x-amz-signature"] != signature(said, "another")


def test_temporary_keys_bring_their_session_token(with_keys: Settings) -> None:
    said = from_token(token_source(with_keys.replace(AWS_SESSION_TOKEN="a+b/c="))("")[0])
    assert said["x-amz-security-token"] == "a+b/c="
    assert said["x-amz-signature"] == signature(said, SECRET)


def test_a_token_ends_after_15_minutes(with_keys: Settings) -> None:
    before = int(time.time())
    token, end = token_source(with_keys)("")
    said = from_token(token)
    assert end == end_of(said) == date_of(said) + 900
    assert before <= date_of(said) <= time.time()


def test_without_keys_the_profile_of_aws_own_tools_signs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credentials"
    file.write_text(f"[msk]\naws_access_key_id = AKIAPROFILE\naws_secret_access_key = {SECRET}\n")
    # As load_settings leaves them for this process's libraries.
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(file))
    monkeypatch.setenv("AWS_PROFILE", "msk")
    said = from_token(token_source(_settings(tmp_path))("")[0])
    assert said["x-amz-credential"].startswith("AKIAPROFILE/")
    assert said["x-amz-signature"] == signature(said, SECRET)


def test_no_credentials_are_an_error_of_kafka_that_says_what_to_set(tmp_path: Path) -> None:
    with pytest.raises(
        KafkaException, match=r"no AWS credentials .* Set AWS_PROFILE, or both keys"
    ) as caught:
        token_source(_settings(tmp_path))
    assert caught.value.args[0].code() == KafkaError._AUTHENTICATION


def test_a_profile_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "absent")
    with pytest.raises(KafkaException, match="absent"):
        token_source(_settings(tmp_path))
