"""What a service says of itself is news of that process alone, and only for seconds."""

import json
import time
from pathlib import Path

import pytest

from services.common.state_file import StateFile, problem_in


def test_a_service_that_says_nothing_is_not_well(tmp_path: Path) -> None:
    assert problem_in(tmp_path, "a") == "it has not written its state yet"


@pytest.mark.parametrize("problem", [None, "S3 is gone"])
def test_it_is_as_well_as_it_says(tmp_path: Path, problem: str | None) -> None:
    StateFile(tmp_path, "a").write(lambda: {"problem": problem})
    assert problem_in(tmp_path, "a") == problem


def test_what_it_said_long_ago_is_no_news(tmp_path: Path) -> None:
    path = tmp_path / "run" / "a.json"
    StateFile(tmp_path, "a").write(lambda: {"problem": None})
    path.write_text(json.dumps(json.loads(path.read_text()) | {"written_at": time.time() - 60}))
    assert problem_in(tmp_path, "a") == "it has not written its state for 60 s"


def test_what_an_earlier_process_said_is_no_news(tmp_path: Path) -> None:
    StateFile(tmp_path, "a").write(lambda: {"problem": None})
    StateFile(tmp_path, "a")
    assert problem_in(tmp_path, "a") == "it has not written its state yet"
