"""The groups of tests that one process of pytest runs one after the other, and the order in which they begin."""

from pathlib import Path

import pytest

_END_TO_END = Path(__file__).with_name("e2e")


def order_by_group(items: list[pytest.Item]) -> None:
    """Mark each test with its group, and put those groups first whose tests may take longest.

    All processes would wait for one that began a long group last.
    """
    longest: dict[str, float] = {}
    for item in items:
        group = _group(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
        longest[group] = max(longest.get(group, 0.0), _allowed_seconds(item))
    items.sort(key=lambda item: longest[_group(item.path)], reverse=True)  # else they stay in their order


def _group(path: Path) -> str:
    """The tests from end to end share one stack; others share servers at most, and data within their file."""
    return "end to end" if _END_TO_END in path.parents else path.stem


def _allowed_seconds(item: pytest.Item) -> float:
    """Return the time-out that the test has of its own, else nothing."""
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0
