"""Settings: names derive from the user id, and a wrong value is named with what is expected."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from common.clients import aws_options
from common.settings import ROOT, Settings, explain
from stack.dotenv import write
from stack.local.isolated import make_settings


def _explained(tmp_path: Path, **values: object) -> str:
    given: dict[str, Any] = {"state_dir": tmp_path, **values}
    with pytest.raises(ValidationError) as caught:
        make_settings(**given)
    return explain(caught.value)


def test_names_derive_from_the_user_id(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, user_id="0a1b2c3d4e5f")
    assert settings.bucket == "user-0a1b2c3d4e5f-bucket"
    assert settings.topic("pin") == "0a1b2c3d4e5f.pin"
    assert settings.stream("geo") == "streaming-0a1b2c3d4e5f-geo"


def test_topics_have_the_one_partition_that_the_course_reads(tmp_path: Path) -> None:
    assert make_settings(tmp_path).kafka_partitions == 1


def test_addresses_derive_from_the_ports(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, kafka_port=19092, localstack_port=14566)
    assert settings.kafka_bootstrap_servers == "127.0.0.1:19092"
    assert settings.aws_endpoint_url == "http://127.0.0.1:14566"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("kafka_port", "ninety", "KAFKA_PORT: Input should be a valid integer"),
        ("postgres_port", 70000, "POSTGRES_PORT: Input should be less than or equal to 65535"),
        ("user_id", "Has Blanks", "USER_ID: String should match pattern"),
        ("source_rows", 0, "SOURCE_ROWS: Input should be greater than or equal to 1"),
        ("spark_driver_memory", "lots", "SPARK_DRIVER_MEMORY: String should match pattern"),
        (
            "compose_profiles",
            "stream,airfow",
            "COMPOSE_PROFILES: should be empty, or some of stream,",
        ),
        ("compose_profiles", "stream,", "COMPOSE_PROFILES: should be empty, or some of stream,"),
        ("state_dir", "", "STATE_DIR: should be a folder of its own"),
        ("state_dir", "/", "STATE_DIR: should be a folder of its own"),
        ("aws_endpoint_url", "127.0.0.1:4566", "AWS_ENDPOINT_URL: String should match pattern"),
        ("api_url", "example.org", "API_URL: String should match pattern"),
        ("api_stage", "a/b", "API_STAGE: String should match pattern"),
        ("stream_rate", 0, "STREAM_RATE: Input should be greater than 0"),
        ("stream_limit", 0, "STREAM_LIMIT: Input should be greater than or equal to 1"),
        ("kinesis_shards", 0, "KINESIS_SHARDS: Input should be greater than or equal to 1"),
        ("pin_batch_topic", "a topic", "PIN_BATCH_TOPIC: String should match pattern"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(
    tmp_path: Path, name: str, value: object, expected: str
) -> None:
    text = _explained(tmp_path, **{name: value})
    assert text.startswith(expected)
    assert repr(value) in text


def test_aws_itself_has_no_endpoint_and_leaves_keys_and_role_to_be_set(tmp_path: Path) -> None:
    local, aws = make_settings(tmp_path), make_settings(tmp_path, aws_endpoint_url="")
    assert aws_options(local)["aws_secret_access_key"] == aws_options(local)["aws_access_key_id"] == "test"
    assert aws_options(aws) == {
        "endpoint_url": None,
        "region_name": "us-east-1",
        "aws_access_key_id": None,
        "aws_secret_access_key": None,
        "aws_session_token": None,
    }
    assert (local.api_role_arn != "", aws.api_role_arn) == (True, "")


@pytest.mark.parametrize(
    "keys", [{"aws_access_key_id": "AKIA"}, {"aws_secret_access_key": "secret"}], ids=["id", "secret"]
)
def test_half_a_pair_of_aws_keys_is_refused_without_showing_it(tmp_path: Path, keys: dict[str, str]) -> None:
    text = _explained(tmp_path, aws_endpoint_url="", **keys)
    assert text == (
        "AWS_SECRET_ACCESS_KEY: should be set together with AWS_ACCESS_KEY_ID, or neither of them. "
        "Correct it in .env."
    )


def test_addresses_end_without_a_slash(tmp_path: Path) -> None:
    settings = make_settings(
        tmp_path, api_url="https://a.example/test/", rest_proxy_url="http://b.example:1/"
    )
    assert (settings.api_url, settings.rest_proxy_url) == ("https://a.example/test", "http://b.example:1")
    assert settings.api_rest_proxy_url == "http://b.example:1"


def test_a_missing_secret_says_what_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    with pytest.raises(ValidationError) as caught:
        Settings(_env_file=None)
    assert "ANALYST_PASSWORD is not set. Run `make setup`" in explain(caught.value)


def test_a_relative_path_is_meant_from_the_checkout(tmp_path: Path) -> None:
    assert make_settings(tmp_path, source_dir="data").source_dir == ROOT / "data"


def test_the_environment_gives_the_same_settings_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    for name, value in settings.environment().items():
        monkeypatch.setenv(name, value)
    assert Settings(_env_file=None) == settings


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, analyst_password="hush-hush")
    assert "hush-hush" not in repr(settings)


def test_the_env_of_docs_aws_md_is_sound_and_means_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    env = tmp_path / ".env"
    write(env)
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "docs/aws.md").read_text(), re.S)
    env.write_text(env.read_text() + "".join(blocks))
    settings = Settings(_env_file=env)
    assert aws_options(settings)["endpoint_url"] is aws_options(settings)["aws_session_token"] is None
    assert settings.aws_access_key_id == "AKIAIOSFODNN7EXAMPLE"
    assert settings.api_url.endswith(".amazonaws.com/test")
    assert settings.api_role_arn.startswith("arn:aws:iam::")
    assert settings.api_rest_proxy_url.endswith(":8082")
    assert settings.aws_endpoint_url == ""
