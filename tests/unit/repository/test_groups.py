"""Test which tests share a process of pytest, and which of them begin."""

from typing import Any

import pytest

from tests import groups


class Item:
    """A test, as far as its group needs one."""

    def __init__(self, path: str, timeout: float | None = None) -> None:
        self.nodeid = f"tests/{path}::test"
        self._timeout = pytest.mark.timeout(timeout).mark if timeout else None

    def get_closest_marker(self, name: str) -> pytest.Mark | None:
        """Return its time-out's mark."""
        return self._timeout if name == "timeout" else None


def test_what_shares_a_stack_is_a_group_and_the_longest_begins() -> None:
    quick = Item("integration/test_quick.py")
    first, slow = Item("integration/batch/test_slow.py"), Item("integration/batch/test_slow.py", 800)
    demo, recovery = Item("e2e/test_1_batch_path.py", 900), Item("e2e/test_3_recovery.py")
    items: list[Any] = [quick, first, slow, demo, recovery]
    groups.order_by_group(items)
    assert items == [demo, recovery, first, slow, quick]
    assert [groups.group(item.nodeid) for item in items] == [
        "tests/e2e/",
        "tests/e2e/",
        "tests/integration/batch/test_slow.py",
        "tests/integration/batch/test_slow.py",
        "tests/integration/test_quick.py",
    ]
