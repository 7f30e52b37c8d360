"""Test what a run prints of its slowest files."""

from types import SimpleNamespace
from typing import Any, Literal

import pytest

from tests.conftest import pytest_terminal_summary
from tests.file_seconds import seconds_by_file


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


def test_a_run_prints_its_slowest_files_where_it_prints_its_slowest_tests() -> None:
    printed: list[str] = []
    for count in (None, 1):
        reporter: Any = SimpleNamespace(
            config=SimpleNamespace(getoption=lambda _, count=count: count),
            stats={"": [report("a.py::one", "setup", 1.0)], "passed": [report("b.py::two", "call", 61.4)]},
            section=printed.append,
            write_line=printed.append,
        )
        pytest_terminal_summary(reporter)
    assert printed == ["slowest files", "61 s b.py"]
