"""A service notices that the clock was set back, and ends; a clock that is corrected a little, or ahead, it bears."""

import pytest

from common.set_back import Watch, end_when_set_back


def _watch(day: list[float], machine: list[float]) -> Watch:
    days, machines = iter(day), iter(machine)
    return Watch(lambda: next(days), lambda: next(machines))


@pytest.mark.parametrize(
    ("day", "found"),
    [
        ([1000, 1001, 1002], [0, 0]),
        ([5000, 1401, 1402], [3600, 0]),
        ([5000, 5001, 1402], [0, 3600]),
        ([1000, 4601, 1002], [0, 3600]),  # set ahead, which is no harm, and back again
        ([1000, 996, 997], [0, 0]),  # a correction by 5 s
        ([1000, 995, 996], [6, 0]),
        (
            [1000, 30_001, 30_002],
            [0, 0],
        ),  # a laptop that was closed overnight: the machine's time stood still
    ],
)
def test_what_was_set_back_is_told_once(day: list[float], found: list[float]) -> None:
    watch = _watch(day, [10, 11, 12])
    assert [watch.set_back_by(), watch.set_back_by()] == found


def test_a_service_ends_with_a_line_that_says_why(
    capsys: pytest.CaptureFixture[str],
) -> None:
    ended: list[int] = []
    end_when_set_back("s3-sink", _watch([5000, 1401], [10, 11]), ended.append).join(60)
    assert ended == [1]
    said = capsys.readouterr()
    line = said.out + said.err
    assert "the clock was set back" in line
    assert "3600" in line
    assert "s3-sink" in line
