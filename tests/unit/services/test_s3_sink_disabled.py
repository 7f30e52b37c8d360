"""Test the S3 sink where another one fills the bucket: it is healthy, asks neither Kafka nor S3, and lands nothing."""

import io
import signal
from pathlib import Path

import pytest
from rich.console import Console

from common.settings import Settings
from common.state_file import news, problem_in
from common.wait import wait_until
from stack.local.isolated import START_SECONDS, ServiceProcess, make_settings
from stack.status.sink import print_sink


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Nothing listens on the ports of Kafka and LocalStack."""
    return make_settings(tmp_path, S3_SINK_ENABLED=False)


def test_it_is_healthy_and_ends_when_it_is_told(settings: Settings, tmp_path: Path) -> None:
    with ServiceProcess(settings, "services.s3_sink", log=tmp_path / "sink.log") as sink:
        wait_until(
            lambda: not sink.running or problem_in(tmp_path, "s3-sink") is None,
            timeout=START_SECONDS,
            what="the sink's state file",
        )
        assert sink.running, sink.output()
        state = news(tmp_path, "s3-sink")
        assert (state["lag"], state["partitions"], state["connector"]) == (0, [], [])
        sink.signal(signal.SIGTERM)
        assert sink.process
        assert sink.process.wait(START_SECONDS) == 0, sink.output()
    assert "S3_SINK_ENABLED is false" in sink.output()


def test_status_says_so(settings: Settings) -> None:
    shown = io.StringIO()
    print_sink(Console(file=shown), settings)
    assert shown.getvalue() == "\nS3 sink: it lands nothing, as S3_SINK_ENABLED says.\n"
