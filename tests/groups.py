"""The groups of tests that one process of pytest runs one after the other, and the order in which they begin."""

import pytest
from xdist.scheduler import LoadScopeScheduling

_END_TO_END = "tests/e2e/"


class GroupScheduling(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Gives each group to one process."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


def group(nodeid: str) -> str:
    """The tests from end to end share one stack; others share servers at most, and data within their file."""
    return _END_TO_END if nodeid.startswith(_END_TO_END) else nodeid.partition("::")[0]


def order_by_group(items: list[pytest.Item]) -> None:
    """Put those groups first whose tests may take longest: all processes would wait for one that began last."""
    longest: dict[str, float] = {}
    for item in items:
        name = group(item.nodeid)
        longest[name] = max(longest.get(name, 0.0), _allowed_seconds(item))
    items.sort(key=lambda item: longest[group(item.nodeid)], reverse=True)  # else they stay in their order


def _allowed_seconds(item: pytest.Item) -> float:
    """Return the time-out that the test has of its own, else nothing."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0
