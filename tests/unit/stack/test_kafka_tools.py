"""Kafka's command-line tools in local mode: what is run, and in which words."""

from pathlib import Path

import pytest

from stack.kafka import tools
from stack.local.isolated import make_settings


@pytest.mark.parametrize(
    ("words", "added"),
    [
        (["--list"], ["--bootstrap-server", "127.0.0.1:19092"]),
        ([], ["--bootstrap-server", "127.0.0.1:19092"]),
        (["--list", "--bootstrap-server", "elsewhere:9092"], []),
        (["--list", "--bootstrap-server=elsewhere:9092"], []),
        (["--describe", "--bootstrap-controller", "127.0.0.1:9093"], []),
    ],
)
def test_the_stacks_broker_is_asked_unless_another_is_named(
    tmp_path: Path, words: list[str], added: list[str]
) -> None:
    java = tools.command(make_settings(tmp_path, KAFKA_PORT=19092), "topics", *words)
    assert java[java.index("org.apache.kafka.tools.TopicCommand") + 1 :] == [*words, *added]


def test_without_kafka_the_way_to_start_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tools, "load_settings", lambda: make_settings(tmp_path))
    with pytest.raises(SystemExit) as ended:
        tools.main()
    assert ended.value.code == 1
    assert "Start it with `make up`" in capsys.readouterr().err
