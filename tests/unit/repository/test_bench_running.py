"""Test what a benchmark says where the service that it measures does not run."""

from pathlib import Path

import pytest

from bench.running import running_stack
from stack.local.isolated import make_settings


def test_a_service_that_does_not_answer_ends_it_with_the_way_to_start_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("bench.running.load_settings", lambda: make_settings(tmp_path))
    with pytest.raises(SystemExit) as ended:
        running_stack("localstack")
    assert str(ended.value).startswith("localstack does not answer (")
    assert str(ended.value).endswith(". Start the stack with `make up`.")
