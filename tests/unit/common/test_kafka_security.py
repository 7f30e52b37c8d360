"""Clients log in to Kafka, in the words of librdkafka and of Java."""

from pathlib import Path

import pytest
from confluent_kafka.admin import AdminClient
from pydantic import ValidationError

from common.kafka_security import client_options, java_options, librdkafka_options, password_variable
from common.settings import VARIABLES, Settings, explain
from contracts.kafka_access import GRANTS, SUPER_USERS, Principal
from stack.local.isolated import make_settings


@pytest.fixture
def sasl(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, KAFKA_SECURITY="sasl", KAFKA_S3_SINK_PASSWORD="a-word_of.its~own")


def test_librdkafka_logs_in_by_name_and_password(sasl: Settings) -> None:
    options = librdkafka_options(sasl, Principal.S3_SINK)
    assert options == {
        "security.protocol": "sasl_plaintext",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "s3-sink",
        "sasl.password": "a-word_of.its~own",
    }
    client = client_options(sasl, Principal.S3_SINK)
    assert client == {"bootstrap.servers": f"127.0.0.1:{sasl.kafka.port}", **options}
    AdminClient(client | {"log_level": 0})  # raises where an option is none of its own


def test_java_logs_in_by_name_and_password(sasl: Settings) -> None:
    assert java_options(sasl, Principal.S3_SINK) == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "PLAIN",
        "sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required"
        ' username="s3-sink" password="a-word_of.its~own";',
    }


@pytest.mark.parametrize("principal", Principal)
def test_in_plain_text_nobody_logs_in(tmp_path: Path, principal: Principal) -> None:
    plain = make_settings(tmp_path, KAFKA_SECURITY="plaintext")
    assert librdkafka_options(plain, principal) == {}
    assert java_options(plain, principal) == {"security.protocol": "PLAINTEXT"}


def test_each_principal_has_a_password_of_its_own(sasl: Settings) -> None:
    assert sasl.kafka.passwords.keys() == {*Principal}
    given = {librdkafka_options(sasl, each)["sasl.password"] for each in Principal}
    assert len(given) == len(Principal)
    for each in Principal:
        assert sasl.environment()[password_variable(each)] in given
        assert VARIABLES[password_variable(each)].is_secret


@pytest.mark.parametrize("password", ["", 'a"b', "a b", "a\\b", "a;b\n", "é"])
def test_a_password_that_would_need_escapes_is_refused_without_showing_it(
    tmp_path: Path, password: str
) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, KAFKA_USER_PASSWORD=password)
    assert explain(caught.value) == (
        "KAFKA_USER_PASSWORD: should be letters, digits and any of . ~ + / = - _ alone. Correct it in .env."
    )


def test_another_kind_of_security_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError) as caught:
        make_settings(tmp_path, KAFKA_SECURITY="none")
    assert explain(caught.value).startswith(
        "KAFKA_SECURITY: Input should be 'sasl', 'plaintext', 'sasl_ssl', 'ssl' or 'iam'"
    )


def test_every_principal_may_do_something() -> None:
    assert {grant.principal for grant in GRANTS} | {*SUPER_USERS} == {*Principal}
    assert not {grant.principal for grant in GRANTS} & {*SUPER_USERS}
