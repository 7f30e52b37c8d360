"""Test what a benchmark says where the service that it measures does not run."""

import pytest

from bench.running import running_stack
from stack.local.isolated import free_port


def test_a_service_that_does_not_answer_ends_it_with_the_way_to_start_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    port = free_port()
    monkeypatch.setenv("LOCALSTACK_PORT", str(port))
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    with pytest.raises(SystemExit) as ended:
        running_stack("localstack")
    assert str(ended.value).startswith("localstack does not answer (")
    assert str(ended.value).endswith(". Start the stack with `make up`.")
