"""Test rates that are known by counts seen before."""

import pytest

from dashboard.history import History


def history(*samples: tuple[float, int]) -> History:
    found = History()
    for at, count in samples:
        found.note("topics", at, count)
    return found


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        ([], None),
        ([(0, 5)], None),
        ([(0, 5), (2, 105)], 50.0),
        ([(0, 5), (2, 5)], 0.0),
        ([(0, 0), (20, 10_000), (24, 10_040), (30, 10_100)], 10.0),  # the first is too long ago
        ([(0, 5), (2, 105), (2, 999)], 50.0),  # the same reading, seen again
        ([(0, 5), (31, 500)], None),  # nobody looked for long
        ([(0, 500), (2, 0)], None),  # a stack that was removed and made again
        ([(0, 500), (2, 0), (4, 20)], 10.0),
    ],
)
def test_a_rate(samples: list[tuple[float, int]], rate: float | None) -> None:
    assert history(*samples).rate("topics") == rate
