"""The seconds that tests took, by test and by file."""

import os
from collections import defaultdict
from collections.abc import Callable, Iterable
from operator import itemgetter
from pathlib import Path

import pytest

Seconds = list[tuple[str, float]]
"""Names and their seconds, the slowest first."""


def seconds_by_file(reports: Iterable[object]) -> Seconds:
    """Return each file's name and seconds, set-up and teardown included, the slowest first.

    Args:
        reports: of a run; those that are not of a test are left out.
    """
    return _seconds(reports, lambda test: test.partition("::")[0])


def seconds_by_test(reports: Iterable[object]) -> Seconds:
    """Return each test's name and seconds, likewise."""
    return _seconds(reports, lambda test: test)


def note_seconds(seconds: Seconds) -> None:
    """Add the seconds to the file that PYTEST_SECONDS_FILE names, if it does: a run of several suites reads it."""
    if name := os.environ.get("PYTEST_SECONDS_FILE"):
        with Path(name).open("a") as file:
            file.writelines(f"{each:5.0f} s  {what}\n" for what, each in seconds)


def _seconds(reports: Iterable[object], name: Callable[[str], str]) -> Seconds:
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        if isinstance(report, pytest.TestReport):
            seconds[name(report.nodeid)] += report.duration
    return sorted(seconds.items(), key=itemgetter(1), reverse=True)
