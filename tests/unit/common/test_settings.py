"""Settings: names derive from the user id, and a wrong value is named with what is expected."""

import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from common.clients import aws_options
from common.settings import ROOT, VARIABLES, Settings, Withheld, explain, read_settings, secret_names
from stack.dotenv import write
from stack.local.isolated import make_settings


def _explained(tmp_path: Path, **values: object) -> str:
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, **values)
    return explain(caught.value)


def test_names_derive_from_the_user_id(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, USER_ID="0a1b2c3d4e5f")
    assert settings.bucket == "user-0a1b2c3d4e5f-bucket"
    assert settings.topic("pin") == "0a1b2c3d4e5f.pin"
    assert settings.stream("geo") == "streaming-0a1b2c3d4e5f-geo"


def test_topics_have_the_one_partition_that_the_course_reads(tmp_path: Path) -> None:
    assert make_settings(tmp_path).kafka.partitions == 1


def test_addresses_derive_from_the_ports(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, KAFKA_PORT=19092, LOCALSTACK_PORT=14566)
    assert settings.kafka.bootstrap_servers == "127.0.0.1:19092"
    assert settings.aws.endpoint_url == "http://127.0.0.1:14566"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("KAFKA_PORT", "ninety", "KAFKA_PORT: Input should be a valid integer"),
        ("POSTGRES_PORT", 70000, "POSTGRES_PORT: Input should be less than or equal to 65535"),
        ("USER_ID", "Has Blanks", "USER_ID: String should match pattern"),
        ("SOURCE_ROWS", 0, "SOURCE_ROWS: Input should be greater than or equal to 1"),
        ("SPARK_DRIVER_MEMORY", "lots", "SPARK_DRIVER_MEMORY: String should match pattern"),
        (
            "COMPOSE_PROFILES",
            "stream,airfow",
            "COMPOSE_PROFILES: should be empty, or some of stream,",
        ),
        ("COMPOSE_PROFILES", "stream,", "COMPOSE_PROFILES: should be empty, or some of stream,"),
        ("STATE_DIR", "", "STATE_DIR: should be a folder of its own"),
        ("STATE_DIR", "/", "STATE_DIR: should be a folder of its own"),
        ("AWS_ENDPOINT_URL", "127.0.0.1:4566", "AWS_ENDPOINT_URL: String should match pattern"),
        ("API_URL", "example.org", "API_URL: String should match pattern"),
        ("API_STAGE", "a/b", "API_STAGE: String should match pattern"),
        ("STREAM_RATE", 0, "STREAM_RATE: Input should be greater than 0"),
        ("STREAM_LIMIT", 0, "STREAM_LIMIT: Input should be greater than or equal to 1"),
        ("KINESIS_SHARDS", 0, "KINESIS_SHARDS: Input should be greater than or equal to 1"),
        ("PIN_BATCH_TOPIC", "a topic", "PIN_BATCH_TOPIC: String should match pattern"),
        ("AIRFLOW_USER", "dashboard", "AIRFLOW_USER: should not be dashboard, the dashboard's own user"),
        ("QUALITY_NULL_FAIL", 1.5, "QUALITY_NULL_FAIL: Input should be less than or equal to 1"),
        ("REST_PROXY_QUEUE_BYTES", 1, "REST_PROXY_QUEUE_BYTES: should be at least REST_PROXY_MAX_BODY_BYTES"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_expected(
    tmp_path: Path, name: str, value: object, expected: str
) -> None:
    text = _explained(tmp_path, **{name: value})
    assert text.startswith(expected)
    assert repr(value) in text


def test_all_that_is_wrong_is_said_at_once_and_nothing_else(tmp_path: Path) -> None:
    wrong = {
        "KAFKA_PORT": "x",
        "LOCALSTACK_PORT": "x",
        "REST_PROXY_PORT": "x",
        "AWS_REGION": 1,
        "QUALITY_DROP_WARN": 2,
    }
    lines = _explained(tmp_path, USER_ID="?", **wrong).splitlines()
    assert sorted(line.split(":")[0] for line in lines) == sorted({"USER_ID", *wrong})


def test_a_request_larger_than_the_queue_of_the_rest_proxy_is_not_allowed_for(tmp_path: Path) -> None:
    text = _explained(tmp_path, REST_PROXY_MAX_BODY_BYTES=64 * 1024**2)
    assert text.startswith("REST_PROXY_QUEUE_BYTES: should be at least REST_PROXY_MAX_BODY_BYTES")
    assert make_settings(tmp_path, REST_PROXY_MAX_BODY_BYTES=5, REST_PROXY_QUEUE_BYTES=5)
    text = _explained(tmp_path, REST_PROXY_MAX_BODY_BYTES="x")
    assert [line.split(":")[0] for line in text.splitlines()] == ["REST_PROXY_MAX_BODY_BYTES"]


@pytest.mark.parametrize("profiles", ["", "batch", "stream,airflow,batch"])
def test_any_of_the_profiles_may_be_chosen(tmp_path: Path, profiles: str) -> None:
    assert make_settings(tmp_path, COMPOSE_PROFILES=profiles).compose_profiles == profiles


def test_each_role_of_postgres_has_its_own_password(tmp_path: Path) -> None:
    roles = ("batch_writer", "speed_writer", "analyst", "emulator")
    names = {**{role: f"{role.upper()}_PASSWORD" for role in roles}, "airflow": "AIRFLOW_DATABASE_PASSWORD"}
    settings = make_settings(tmp_path)
    found = {role: password.get_secret_value() for role, password in settings.postgres.passwords.items()}
    expected = {role: settings.environment()[name] for role, name in names.items()}
    assert found == {"postgres": settings.environment()["POSTGRES_PASSWORD"], **expected}
    assert len({*found.values()}) == 6


def test_nothing_changes_settings(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    with pytest.raises(ValidationError, match="frozen"):
        settings.kafka.port = 1  # type: ignore[misc]


def test_a_copy_has_other_values_for_some_variables(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, QUALITY_NULL_WARN=0.3)
    other = settings.replace(KAFKA_PARTITIONS=5, QUALITY_NULL_FAIL=0.4, API_URL="http://a.example/")
    assert (other.kafka.partitions, other.api.url) == (5, "http://a.example")
    assert (other.quality.null.warn, other.quality.null.fail) == (0.3, 0.4)
    assert other.replace(KAFKA_PARTITIONS=1, QUALITY_NULL_FAIL=0.5, API_URL="") == settings


@pytest.mark.parametrize("name", ["KAFKA_PARTITION", "kafka_partitions", "kafka"])
def test_a_variable_that_there_is_not_is_refused(tmp_path: Path, name: str) -> None:
    settings = make_settings(tmp_path)
    with pytest.raises(ValueError, match=f"no variables of the settings: {name}$"):
        settings.replace(**{name: 5})
    with pytest.raises(ValueError, match=f"no variables of the settings: A, {name}$"):
        make_settings(tmp_path, **{name: 5, "A": 1})


def test_a_copys_values_are_looked_at_too(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path).replace(KAFKA_PARTITIONS=0)
    assert explain(caught.value).startswith("KAFKA_PARTITIONS: Input should be greater than or equal to 1")


def test_the_environment_comes_before_the_file_and_strangers_count_in_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    env = tmp_path / ".env"
    write(env)
    env.write_text(env.read_text() + "KAFKA_PORT=1\nMYSQL_PORT=2\nKAFKA_ADVERTISED_LISTENERS=x\n")
    for name, text in {"kafka_port": "3", "KAFKA": "{}", "SOURCE": "x", "SPARK_HOME": "/x"}.items():
        monkeypatch.setenv(name, text)
    settings = read_settings(env)
    assert (settings.kafka.port, settings.mysql.port) == (3, 2)


def test_aws_itself_has_no_endpoint_and_leaves_keys_and_role_to_be_set(tmp_path: Path) -> None:
    local, aws = make_settings(tmp_path), make_settings(tmp_path, AWS_ENDPOINT_URL="")
    assert aws_options(local)["aws_secret_access_key"] == aws_options(local)["aws_access_key_id"] == "test"
    assert aws_options(aws) == {
        "endpoint_url": None,
        "region_name": "us-east-1",
        "aws_access_key_id": None,
        "aws_secret_access_key": None,
        "aws_session_token": None,
    }
    assert local.api.role_arn.startswith("arn:aws:iam::000000000000:role/")
    assert aws.api.role_arn == ""


@pytest.mark.parametrize(
    "keys", [{"AWS_ACCESS_KEY_ID": "AKIA"}, {"AWS_SECRET_ACCESS_KEY": "secret"}], ids=["id", "secret"]
)
def test_half_a_pair_of_aws_keys_is_refused_without_showing_it(tmp_path: Path, keys: dict[str, str]) -> None:
    text = _explained(tmp_path, AWS_ENDPOINT_URL="", **keys)
    assert text == (
        "AWS_SECRET_ACCESS_KEY: should be set together with AWS_ACCESS_KEY_ID, or neither of them. "
        "Correct it in .env."
    )


@pytest.mark.parametrize(("endpoint", "kept"), [("http://127.0.0.1:4566", False), ("", True)])
def test_what_aws_own_tools_go_by_counts_for_aws_itself_alone(
    tmp_path: Path, endpoint: str, kept: bool
) -> None:
    config, credentials = tmp_path / "config", tmp_path / "credentials"
    config.write_text("[profile mine]\n")
    credentials.write_text("[other]\n")
    files = {"AWS_CONFIG_FILE": str(config), "AWS_SHARED_CREDENTIALS_FILE": str(credentials)}
    given = {**files, "AWS_PROFILE": "mine", "AWS_CA_BUNDLE": "bundle"}
    settings = make_settings(tmp_path, AWS_ENDPOINT_URL=endpoint, **given)
    assert {name: settings.environment().get(name) for name in given} == (
        given if kept else dict.fromkeys(given)
    )
    assert make_settings(tmp_path, AWS_ENDPOINT_URL=endpoint, **{**given, "AWS_PROFILE": "other"})


def test_a_profile_that_no_file_has_is_refused(tmp_path: Path) -> None:
    files = {name: str(tmp_path) for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE")}
    text = _explained(tmp_path, AWS_ENDPOINT_URL="", AWS_PROFILE="mine", **files)
    assert text.startswith(
        "AWS_PROFILE: should be a profile of AWS's configuration files, which have: none (it is 'm"
    )


def test_profiles_are_looked_for_in_the_home_folder_unless_a_variable_says_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    files = {"config": "[default]\n[profile mine]\n", "credentials": "[other]\n", "elsewhere": "[third]\n"}
    for name, text in files.items():
        (tmp_path / ".aws").mkdir(exist_ok=True)
        (tmp_path / ".aws" / name).write_text(text)
    for name in ("default", "mine", "other"):
        assert make_settings(tmp_path, AWS_ENDPOINT_URL="", AWS_PROFILE=name).aws.profile == name
    text = _explained(tmp_path, AWS_ENDPOINT_URL="", AWS_PROFILE="third")
    assert "which have: default, mine, other (it is 'third')" in text
    elsewhere = {"AWS_CONFIG_FILE": str(tmp_path / ".aws" / "elsewhere")}
    text = _explained(tmp_path, AWS_ENDPOINT_URL="", AWS_PROFILE="mine", **elsewhere)
    assert "which have: other, third (it is 'mine')" in text


@pytest.mark.parametrize("text", [b"key = hush\n", b"[mine]\n[mine]\n", b"[mine]\nhush\n", b"\xffhush"])
def test_a_file_that_aws_own_tools_cannot_read_is_named_without_what_is_in_it(
    tmp_path: Path, text: bytes
) -> None:
    file = tmp_path / "credentials"
    file.write_bytes(text)
    files = {"AWS_CONFIG_FILE": str(tmp_path), "AWS_SHARED_CREDENTIALS_FILE": str(file)}
    said = _explained(tmp_path, AWS_ENDPOINT_URL="", AWS_PROFILE="mine", **files)
    assert said.startswith(
        f"AWS_PROFILE: should be a profile of AWS's configuration files, but {file} is none: "
    )
    assert "hush" not in said
    assert len(said.splitlines()) == 1


@pytest.mark.parametrize(
    ("endpoint", "api", "kept"),
    [
        ("", "", "http://proxy:1"),
        ("http://127.0.0.1:4566", "", ""),
        ("http://127.0.0.1:4566", "http://a.example", ""),
        ("http://127.0.0.1:4566", "https://a.example", "http://proxy:1"),
    ],
)
def test_a_proxy_is_for_what_is_asked_by_https(tmp_path: Path, endpoint: str, api: str, kept: str) -> None:
    settings = make_settings(tmp_path, AWS_ENDPOINT_URL=endpoint, API_URL=api, HTTPS_PROXY="http://proxy:1")
    assert settings.https_proxy == kept


@pytest.mark.parametrize(
    ("master", "kept"), [("local[2]", ""), ("spark://a:7077", "given"), ("yarn", "given")]
)
def test_what_a_cluster_needs_counts_with_a_cluster_alone(tmp_path: Path, master: str, kept: str) -> None:
    given = dict.fromkeys(("SPARK_LOCAL_IP", "SPARK_CONF_DIR", "HADOOP_CONF_DIR"), "given")
    spark = make_settings(tmp_path, SPARK_MASTER=master, **given).spark
    assert [spark.local_ip, spark.conf_dir, spark.hadoop_conf_dir] == [kept] * 3


def test_a_withheld_secret_stays_one_and_is_not_passed_on(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, MYSQL_PASSWORD=Withheld("MYSQL_PASSWORD", "s3-sink")).replace(
        KAFKA_PORT=1
    )
    assert "MYSQL_PASSWORD" not in settings.environment()
    with pytest.raises(PermissionError, match="MYSQL_PASSWORD is not among the secrets of s3-sink"):
        settings.mysql.password.get_secret_value()


def test_any_secret_can_be_withheld(tmp_path: Path) -> None:
    """Those that have to have a length too."""
    secrets = [name for name, variable in VARIABLES.items() if variable.is_secret and variable.is_required]
    withheld = {name: Withheld(name, "kafka") for name in secrets}
    assert make_settings(tmp_path, **withheld).environment().keys().isdisjoint(secrets)


def test_addresses_end_without_a_slash(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, API_URL="https://a.example/TEX/", REST_PROXY_URL="http://b.example:1/")
    assert (settings.api.url, settings.rest_proxy.url) == ("https://a.example/TEX", "http://b.example:1")
    assert settings.api.rest_proxy_url == "http://b.example:1"


def test_a_missing_secret_says_what_to_run() -> None:
    with pytest.raises(ValidationError) as caught:
        Settings.from_variables({})
    assert "ANALYST_PASSWORD is not set. Run `make setup`" in explain(caught.value)


def test_a_relative_path_is_meant_from_the_checkout(tmp_path: Path) -> None:
    assert make_settings(tmp_path, SOURCE_DIR="data").source.dir == ROOT / "data"
    assert make_settings(tmp_path, SOURCE_DIR="/data").source.dir == Path("/data")
    assert make_settings(tmp_path, SOURCE_DIR="").source.dir is None


def test_the_environment_gives_the_same_settings_again(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    assert Settings.from_variables(settings.environment()) == settings


def test_what_is_a_secret_is_seen_from_its_name() -> None:
    """AWS's key id goes with its secret, though it is shown."""
    assert secret_names() == {name for name in VARIABLES if re.search("PASSWORD|SECRET|TOKEN|_KEY", name)}
    assert "AWS_ACCESS_KEY_ID" in secret_names()


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, ANALYST_PASSWORD="hush-hush")
    assert "hush-hush" not in repr(settings)


def test_the_env_of_docs_aws_md_is_sound_and_means_aws(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    env = tmp_path / ".env"
    write(env)
    blocks = re.findall(r"```bash\n(.*?)```", (ROOT / "docs/aws.md").read_text(), re.S)
    env.write_text(env.read_text() + "".join(blocks))
    settings = read_settings(env)
    assert aws_options(settings)["endpoint_url"] is aws_options(settings)["aws_session_token"] is None
    assert settings.aws.access_key_id == "AKIAIOSFODNN7EXAMPLE"
    assert settings.api.url.endswith(".amazonaws.com/test")
    assert settings.api.role_arn.startswith("arn:aws:iam::")
    assert settings.kafka.security == "iam"
    assert settings.kafka.bootstrap_servers.endswith(".amazonaws.com:9098")
    assert settings.api.rest_proxy_url.endswith(":8082")
    assert settings.aws.endpoint_url == ""
