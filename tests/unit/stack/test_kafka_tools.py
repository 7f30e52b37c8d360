"""Kafka's command-line tools in local mode: what is run, and in which words."""

from pathlib import Path

import pytest

from stack.kafka import client, tools
from stack.local.isolated import make_settings

OURS = ["--bootstrap-server", "127.0.0.1:19092"]
AS_USER = ["--command-config", "client.properties"]


@pytest.mark.parametrize(
    ("words", "added"),
    [
        (["--list"], [*OURS, *AS_USER]),
        ([], [*OURS, *AS_USER]),
        (["--list", *OURS], AS_USER),
        (["--bootstrap-server=127.0.0.1:19092", "--list"], AS_USER),
        (["--list", "--bootstrap-server", "localhost:19092"], AS_USER),
        (["--bootstrap-server=localhost:19092"], AS_USER),
        (["--bootstrap-server", "localhost:9092"], []),
        (["--bootstrap-server", "127.0.0.1:19092,elsewhere:9092"], []),
        (["--bootstrap-server", "elsewhere.127.0.0.1:19092"], []),
        (["--list", "--command-config", "mine"], OURS),
        (["--consumer.config", "mine"], OURS),
        (["--producer.config", "mine"], OURS),
        (["--list", "--bootstrap-server", "elsewhere:9092"], []),
        (["--list", "--bootstrap-server=elsewhere:9092"], []),
        (["--describe", "--bootstrap-controller", "127.0.0.1:9093"], []),
    ],
)
def test_the_stacks_broker_is_asked_as_its_user_unless_another_is_named(
    tmp_path: Path, words: list[str], added: list[str]
) -> None:
    java = tools.command(make_settings(tmp_path, KAFKA_PORT=19092), "topics", *words)
    assert java[java.index("org.apache.kafka.tools.TopicCommand") + 1 :] == [*words, *added]


def test_the_file_has_the_users_password_and_is_the_owners_alone(tmp_path: Path) -> None:
    settings = make_settings(tmp_path, KAFKA_SECURITY="sasl")
    for each in (settings, settings.replace(KAFKA_USER_PASSWORD="another")):
        file = client.write(each) / "client.properties"
        assert file.read_text().splitlines() == [
            "security.protocol=SASL_PLAINTEXT",
            "sasl.mechanism=PLAIN",
            "sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required"
            f' username="user" password="{each.kafka.user_password.get_secret_value()}";',
        ]
        assert file.stat().st_mode & 0o777 == 0o600
    client.write(settings.replace(KAFKA_SECURITY="plaintext"))
    assert file.read_text() == "security.protocol=PLAINTEXT\n"


def test_without_kafka_the_way_to_start_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools, "load_settings", lambda: make_settings(tmp_path))
    with pytest.raises(SystemExit) as ended:
        tools.main()
    assert ended.value.code == 1
    assert "Start it with `make up`" in capsys.readouterr().err
