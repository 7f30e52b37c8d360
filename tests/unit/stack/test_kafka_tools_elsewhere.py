"""Test Kafka's command-line tools before a cluster elsewhere: what they need for MSK, and what is said without it."""

from pathlib import Path

import pytest

from common import health
from stack.kafka import tools
from stack.local.isolated import make_settings

MSK = {
    "KAFKA_SECURITY": "iam",
    "KAFKA_BOOTSTRAP_SERVERS": "b-1.example:9098",
    "AWS_ENDPOINT_URL": "",
    "AWS_REGION": "eu-west-2",
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "secret",
}


def test_before_msk_a_tool_has_what_logs_in_there_and_the_brokers_jars_come_first(tmp_path: Path) -> None:
    java = tools.command(make_settings(tmp_path, **MSK), "topics", "--list")
    folders = [Path(each).parent.name for each in java[java.index("-cp") + 1].split(":")]
    assert folders == ["kafka", "kafka-tools", "msk-iam", "spark"]
    assert java[java.index("--bootstrap-server") + 1] == "b-1.example:9098"


@pytest.mark.parametrize(
    ("named", "logs_in"),
    [
        ("b-2.example:9098", True),
        ("b-2.example:9098,b-1.example:9098", True),
        ("b-3.example:9098", False),
        ("localhost:9098", False),
    ],
)
def test_a_tool_logs_in_at_any_of_the_clusters_brokers(tmp_path: Path, named: str, logs_in: bool) -> None:
    both = make_settings(tmp_path, **(MSK | {"KAFKA_BOOTSTRAP_SERVERS": "b-1.example:9098,b-2.example:9098"}))
    java = tools.command(both, "topics", "--bootstrap-server", named)
    assert ("--command-config" in java) == logs_in


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_tool_knows_both_names_of_this_machine(tmp_path: Path, host: str) -> None:
    here = make_settings(tmp_path, KAFKA_SECURITY="ssl", KAFKA_BOOTSTRAP_SERVERS="localhost:9094")
    assert "--command-config" in tools.command(here, "topics", "--bootstrap-server", f"{host}:9094")


def test_keys_are_in_the_environment_of_a_tool_that_logs_in_with_them(tmp_path: Path) -> None:
    before_msk = make_settings(tmp_path, **MSK)
    added = tools.environment(before_msk).items() - tools.environment(make_settings(tmp_path)).items()
    assert dict(added) == {name: MSK[name] for name in MSK if name.startswith("AWS_") and MSK[name]}
    assert not [word for word in tools.command(before_msk, "topics") if "secret" in word]


def test_a_cluster_elsewhere_is_not_started_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    elsewhere = {"KAFKA_SECURITY": "ssl", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1"}
    monkeypatch.setattr(tools, "load_settings", lambda: make_settings(tmp_path, **elsewhere))
    monkeypatch.setattr(health, "problem", lambda *_: "gone")
    with pytest.raises(SystemExit):
        tools.main()
    assert capsys.readouterr().err.strip().endswith("Kafka does not answer (gone).")
