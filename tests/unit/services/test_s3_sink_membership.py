"""A sink that does not come back into its group ends, unless Kafka is away too."""

import pytest

from services.s3_sink.membership import Membership


class Clock:
    """Seconds that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


class Lab:
    """A membership on a clock, before a Kafka that answers or not, and what it ended with."""

    def __init__(self) -> None:
        self.clock, self.answers, self.asked, self.ended = Clock(), True, 0, list[int]()
        self.membership = Membership(self._ask, self.ended.append, self.clock)

    def _ask(self) -> bool:
        self.asked += 1
        return self.answers

    def look_after(self, seconds: float) -> list[int]:
        """Move the clock and have it checked."""
        self.clock.now += seconds
        self.membership.check()
        return self.ended


@pytest.fixture
def lab() -> Lab:
    return Lab()


def test_a_member_that_has_lost_nothing_goes_on(lab: Lab) -> None:
    assert lab.look_after(3600) == []
    assert (lab.asked, lab.membership.problem) == (0, None)


def test_who_is_back_in_time_goes_on(lab: Lab) -> None:
    lab.membership.lost()
    assert "joins it again" in (lab.membership.problem or "")
    assert lab.look_after(44) == []
    lab.membership.joined()
    assert lab.look_after(3600) == []
    assert (lab.asked, lab.membership.problem) == (0, None)


def test_who_is_not_back_in_time_ends_with_a_line_that_says_why(
    lab: Lab, capsys: pytest.CaptureFixture[str]
) -> None:
    lab.membership.lost()
    assert lab.look_after(46) == [1]
    said = capsys.readouterr()
    assert "not in its group for long, though Kafka is there: starting anew" in said.out + said.err


def test_a_kafka_that_is_away_is_waited_for_and_not_asked_at_each_look(lab: Lab) -> None:
    lab.answers = False
    lab.membership.lost()
    assert [lab.look_after(seconds) for seconds in (46, 1, 1)] == [[], [], []]
    assert lab.asked == 1
    lab.answers = True
    assert lab.look_after(5) == [1]


def test_each_loss_has_its_own_wait(lab: Lab) -> None:
    lab.membership.lost()
    lab.look_after(40)
    lab.membership.joined()
    lab.membership.lost()
    assert lab.look_after(40) == []
    assert lab.look_after(6) == [1]
