"""Test what is said of a refusal by Kafka: it names what each kind of KAFKA_SECURITY goes by, and nothing else."""

import pytest
from confluent_kafka import KafkaError

from common.kafka_refusal import told_refusal
from contracts.kafka_access import Principal

LOGIN, TLS = KafkaError._AUTHENTICATION, KafkaError._SSL
RIGHT = KafkaError.TOPIC_AUTHORIZATION_FAILED


def told(code: int, security: str) -> str:
    """Return what is said to the S3 sink."""
    sentence = told_refusal(KafkaError(code, "as the broker has it"), Principal.S3_SINK, security)
    assert sentence
    assert sentence.endswith(" (as the broker has it)")
    return sentence


@pytest.mark.parametrize("security", ["sasl", "sasl_ssl", "ssl", "iam", "plaintext"])
@pytest.mark.parametrize("code", [LOGIN, RIGHT])
def test_every_refusal_says_who_is_refused_and_names_a_remedy(code: int, security: str) -> None:
    assert told(code, security).startswith(("Kafka refuses s3-sink: ", "Kafka does not allow s3-sink "))
    assert "`make " in told(code, security) or "docs/" in told(code, security)


@pytest.mark.parametrize("security", ["sasl", "sasl_ssl"])
def test_of_a_login_by_password_its_variable_is_named(security: str) -> None:
    assert "KAFKA_S3_SINK_PASSWORD" in told(LOGIN, security)
    assert ("KAFKA_SASL_MECHANISM" in told(LOGIN, security)) == (security == "sasl_ssl")


@pytest.mark.parametrize("security", ["ssl", "iam", "plaintext"])
@pytest.mark.parametrize("code", [LOGIN, RIGHT])
def test_without_passwords_none_is_blamed(code: int, security: str) -> None:
    assert "PASSWORD" not in told(code, security)


def test_before_msk_the_credentials_and_their_policy_are_named() -> None:
    assert "AWS_PROFILE" in told(LOGIN, "iam")
    assert "AWS_REGION" in told(LOGIN, "iam")
    assert "kafka-cluster:" in told(RIGHT, "iam")


@pytest.mark.parametrize("security", ["sasl_ssl", "ssl", "iam"])
def test_elsewhere_nobody_is_sent_to_provisioning_for_a_right(security: str) -> None:
    assert "SERVICE=provision" not in told(RIGHT, security)
    assert "SERVICE=provision" in told(RIGHT, "sasl")


@pytest.mark.parametrize("security", ["sasl_ssl", "ssl", "iam"])
def test_a_certificate_that_is_not_known_comes_with_the_setting_of_the_authorities(security: str) -> None:
    assert "KAFKA_CA_FILE" in told(TLS, security)
    assert f"KAFKA_SECURITY={security}" in told(TLS, security)


def test_another_error_is_no_refusal() -> None:
    assert told_refusal(KafkaError(KafkaError._TRANSPORT, "down"), Principal.S3_SINK, "sasl") is None
