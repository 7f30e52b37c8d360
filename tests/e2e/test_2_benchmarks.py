"""Test that the benchmarks of running services run, at a small size, and leave nothing in the stack."""

import os
import subprocess
import sys

import pytest
from confluent_kafka.admin import AdminClient

from common.clients import kinesis_client
from common.settings import ROOT, Settings
from tests.e2e.conftest import TEST_SECONDS
from tests.kafka_clients import as_user

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]

SMALL = {
    "ingest": ("--records", "1000", "--requests", "20", "--rounds", "1"),
    "emulator": ("--posts", "50", "--load-posts", "500"),
    "landing": ("--records", "900", "--single", "10"),
    "kinesis_source": ("--records", "300"),
}


def _bench(name: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    # A minute at most on two busy cores: a start of Spark, two rounds of each reader, five seconds of live landing.
    command = [sys.executable, "-m", f"bench.{name}", *SMALL[name]]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False
    )


@pytest.mark.parametrize("name", SMALL)
def test_a_benchmark_runs_and_cleans_up(name: str, stack: Settings) -> None:
    topics = AdminClient(as_user(stack))
    result = _bench(name, {**os.environ, **stack.environment()})
    assert result.returncode == 0, result.stdout + result.stderr
    assert "ratio" in result.stdout
    assert [topic for topic in topics.list_topics(timeout=10).topics if topic.startswith("bench")] == []
    assert set(kinesis_client(stack).list_streams()["StreamNames"]) == {
        stack.stream(table) for table in ("pin", "geo", "user")
    }
