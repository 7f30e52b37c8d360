"""A topic that a user makes with Kafka's own tools is the REST proxy's at once."""

import os
import subprocess
import sys
import uuid

from common.settings import ROOT
from tests.integration.rest_proxy.proxy import Proxy, places

# A JVM's start and a question to the broker take 2 s on two idle cores; 30 times that beside others.
TOOL_SECONDS = 60


def tool(proxy: Proxy, *words: str) -> str:
    """Run a tool as `make kafka` does, and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", "stack.kafka.tools", *words],
        cwd=ROOT,
        env=os.environ | proxy.settings.environment(),
        capture_output=True,
        text=True,
        timeout=TOOL_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_topic_that_a_user_makes_is_there_with_the_next_request(proxy: Proxy) -> None:
    before, after = (f"mine-{uuid.uuid4().hex[:8]}.{name}" for name in ("before", "after"))
    assert proxy.post(before, {"records": [{"value": 1}]}).status_code == 404
    for topic in (before, after):
        made = tool(proxy, "topics", "--command-config", "client.properties", "--create", "--topic", topic)
        assert f"Created topic {topic}." in made
        # No second try: it is the request after the tool's end.
        assert places(proxy.post(topic, {"records": [{"value": {"n": 1}}]})) == [(0, 0)]
        assert topic in proxy.client.get("/topics").json()
    listed = tool(proxy, "topics", "--list").splitlines()
    assert {before, after} <= set(listed)
    read = ("--from-beginning", "--max-messages", "1", "--topic", after)
    assert tool(proxy, "console-consumer", *read) == '{"n": 1}\n'
