"""Test how clients reach a Kafka elsewhere, by TLS and MSK's IAM, in the words of librdkafka and of Java."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from pydantic import ValidationError

from common import health
from common.kafka_security import java_options, librdkafka_options
from common.settings import Settings, explain
from contracts.kafka_access import Principal
from stack.local.isolated import make_settings

ELSEWHERE = {"KAFKA_BOOTSTRAP_SERVERS": "b-1.example:9096,b-2.example:9096", "AWS_ENDPOINT_URL": ""}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret"}


def _settings(folder: Path, security: str, **values: object) -> Settings:
    own = {"KAFKA_SECURITY": security, "KAFKA_S3_SINK_PASSWORD": "a-word", **ELSEWHERE}
    return make_settings(folder, **(own | values))


def test_librdkafka_shows_its_password_over_tls(tmp_path: Path) -> None:
    options = librdkafka_options(_settings(tmp_path, "sasl_ssl"), Principal.S3_SINK)
    assert options == {
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "s3-sink",
        "sasl.password": "a-word",
    }
    AdminClient({"bootstrap.servers": "127.0.0.1:1", "log_level": 0, **options})


def test_java_shows_its_password_over_tls(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "sasl_ssl", KAFKA_CA_FILE=tmp_path / "ca.pem")
    assert java_options(settings, Principal.S3_SINK) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.jaas.config": "org.apache.kafka.common.security.scram.ScramLoginModule required"
        ' username="s3-sink" password="a-word";',
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(tmp_path / "ca.pem"),
    }


@pytest.mark.parametrize(
    ("mechanism", "module"),
    [("PLAIN", "plain.PlainLoginModule"), ("SCRAM-SHA-256", "scram.ScramLoginModule")],
)
def test_another_mechanism_has_its_login_module(tmp_path: Path, mechanism: str, module: str) -> None:
    settings = _settings(tmp_path, "sasl_ssl", KAFKA_SASL_MECHANISM=mechanism)
    assert librdkafka_options(settings, Principal.USER)["sasl.mechanism"] == mechanism
    options = java_options(settings, Principal.USER)
    assert options["sasl.mechanism"] == mechanism
    assert f".{module} required username=" in options["sasl.jaas.config"]


def test_tls_alone_knows_nobody(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "ssl")
    assert librdkafka_options(settings, Principal.USER) == {"security.protocol": "ssl"}
    assert java_options(settings, Principal.USER) == {"security.protocol": "SSL"}


def test_librdkafka_logs_in_to_msk_with_a_token(tmp_path: Path) -> None:
    settings = _settings(tmp_path, "iam", KAFKA_CA_FILE=tmp_path / "ca.pem", **KEYS)
    options = librdkafka_options(settings, Principal.S3_SINK)
    token, _ = options.pop("oauth_cb")("")
    assert len(token) > 100
    assert options == {
        "security.protocol": "sasl_ssl",
        "sasl.mechanism": "OAUTHBEARER",
        "ssl.ca.location": str(tmp_path / "ca.pem"),
    }


def test_java_logs_in_to_msk_as_the_course_has_it(tmp_path: Path) -> None:
    assert java_options(_settings(tmp_path, "iam"), Principal.USER) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "AWS_MSK_IAM",
        "sasl.jaas.config": "software.amazon.msk.auth.iam.IAMLoginModule required;",
        "sasl.client.callback.handler.class": "software.amazon.msk.auth.iam.IAMClientCallbackHandler",
    }


@pytest.mark.parametrize("security", ["sasl", "plaintext"])
def test_authorities_have_no_effect_on_this_stacks_own_broker(tmp_path: Path, security: str) -> None:
    settings = make_settings(tmp_path, KAFKA_SECURITY=security, KAFKA_CA_FILE=tmp_path / "ca.pem")
    assert not settings.kafka.is_elsewhere
    for options in (
        librdkafka_options(settings, Principal.USER),
        java_options(settings, Principal.USER),
    ):
        assert not [name for name in options if name.startswith("ssl.")]


@pytest.mark.parametrize(("security", "problems"), [("plaintext", 2), ("ssl", 0)])
def test_a_cluster_elsewhere_has_an_id_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, security: str, problems: int
) -> None:
    settings = _settings(tmp_path, security)
    monkeypatch.setattr(health, "kafka_cluster_id", lambda _: "another")
    answer = {"service": "rest-proxy", "kafka_cluster_id": "another"}
    monkeypatch.setattr(health, "_get_json", lambda _: answer)
    found = [health.problem(service, settings) for service in ("kafka", "rest-proxy")]
    assert len([problem for problem in found if problem]) == problems
    answer["kafka_cluster_id"] = ""
    assert health.problem("rest-proxy", settings)


@pytest.mark.parametrize("security", ["sasl_ssl", "ssl", "iam"])
@pytest.mark.parametrize(
    "address", [{}, {"KAFKA_BOOTSTRAP_SERVERS": "kafka:19092"}], ids=["here", "in a container"]
)
def test_this_stacks_own_broker_has_no_tls(tmp_path: Path, security: str, address: dict[str, str]) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, KAFKA_SECURITY=security, AWS_ENDPOINT_URL="", **address)
    assert explain(caught.value) == (
        "KAFKA_SECURITY: needs a cluster elsewhere: set KAFKA_BOOTSTRAP_SERVERS to it, in local mode"
        f" (it is '{security}'). Correct it in .env."
    )


@pytest.mark.parametrize("endpoint", [None, "http://127.0.0.1:4566"], ids=["default", "set"])
def test_iam_does_without_localstack(tmp_path: Path, endpoint: str | None) -> None:
    """LocalStack's keys are none to AWS, which would refuse each login long after the start."""
    values = {"KAFKA_SECURITY": "iam", "KAFKA_BOOTSTRAP_SERVERS": "b-1.example:9098"}
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, **values, **({"AWS_ENDPOINT_URL": endpoint} if endpoint else {}))
    assert explain(caught.value) == (
        "AWS_ENDPOINT_URL: should be empty with KAFKA_SECURITY=iam, for which AWS's own keys sign."
        " Correct it in .env."
    )
