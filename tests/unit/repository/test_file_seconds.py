"""Test what a run prints of its slowest files."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest

from tests.conftest import pytest_terminal_summary
from tests.file_seconds import note_seconds, seconds_by_file, seconds_by_test


def report(nodeid: str, when: Literal["setup", "call", "teardown"], duration: float) -> pytest.TestReport:
    place = (nodeid, None, "")
    return pytest.TestReport(nodeid, place, {}, "passed", None, when, duration=duration)


def test_a_files_seconds_are_those_of_all_that_its_tests_did() -> None:
    reports = [
        report("a.py::one", "setup", 1.0),
        report("a.py::one", "call", 2.5),
        report("b.py::two[x::y]", "call", 4.0),
        report("a.py::three", "teardown", 1.5),
        "a warning",
    ]
    assert seconds_by_file(reports) == [("a.py", 5.0), ("b.py", 4.0)]
    assert seconds_by_test(reports) == [("b.py::two[x::y]", 4.0), ("a.py::one", 3.5), ("a.py::three", 1.5)]


def test_several_runs_note_their_seconds_in_one_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "seconds"
    monkeypatch.setenv("PYTEST_SECONDS_FILE", str(file))
    for seconds in ([("a.py", 61.4), ("a.py::one", 9.6)], [("b.py", 5.0)]):
        note_seconds(seconds)
    assert file.read_text() == "   61 s  a.py\n   10 s  a.py::one\n    5 s  b.py\n"


def test_a_run_prints_its_slowest_files_where_it_prints_its_slowest_tests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("PYTEST_SECONDS_FILE", raising=False)
    printed: list[str] = []
    for count, worker in ((None, {}), (1, {}), (1, {"workerinput": {"workerid": "gw0"}})):
        reporter: Any = SimpleNamespace(
            config=SimpleNamespace(getoption=lambda _, count=count: count, **worker),
            stats={"": [report("a.py::one", "setup", 1.0)], "passed": [report("b.py::two", "call", 61.4)]},
            section=printed.append,
            write_line=printed.append,
        )
        pytest_terminal_summary(reporter)
    assert printed == ["slowest files", "61 s b.py"]
