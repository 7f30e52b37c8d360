"""The seconds that each file of tests took."""

from collections import defaultdict
from collections.abc import Iterable
from operator import itemgetter

import pytest


def seconds_by_file(reports: Iterable[object]) -> list[tuple[str, float]]:
    """Return each file's name and seconds, set-up and teardown included, the slowest first.

    Args:
        reports: of a run; those that are not of a test are left out.
    """
    seconds: defaultdict[str, float] = defaultdict(float)
    for report in reports:
        if isinstance(report, pytest.TestReport):
            seconds[report.nodeid.partition("::")[0]] += report.duration
    return sorted(seconds.items(), key=itemgetter(1), reverse=True)
