"""Test how long `make landed` waits, and what it tells meanwhile, by a clock of its own."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition

from common import progress
from common.settings import Settings
from common.terminal import make_console
from services.s3_sink import catch_up
from services.s3_sink.zone import PartitionEnd, Unavailable
from stack.local.isolated import make_settings
from tests.clock import Clock

RECORDS = 85_000


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
    return clock


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def wait(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, left: Callable[[], int], *, terminal: bool = False
) -> tuple[int | TimeoutError, list[str]]:
    """Return how the wait ends where `left` says how many records are missing, and the lines that it prints."""
    ends = {TopicPartition("pin", 0): RECORDS - 5_000, TopicPartition("geo", 0): 5_000}
    monkeypatch.setattr(catch_up, "LandingZone", lambda _: None)
    monkeypatch.setattr(catch_up, "end_offsets", lambda _: ends)
    monkeypatch.setattr(catch_up, "missing", lambda *_: left())
    monkeypatch.setattr(catch_up, "lost_by_kafka", lambda *_: [])
    console = make_console(file=io.StringIO(), force_terminal=terminal, width=120)
    assert isinstance(console.file, io.StringIO)
    try:
        outcome: int | TimeoutError = catch_up.wait_for_landing(settings, console)
    except TimeoutError as error:
        outcome = error
    return outcome, console.file.getvalue().splitlines()


def test_a_slow_sink_is_waited_for_as_long_as_it_lands(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: Clock
) -> None:
    outcome, lines = wait(monkeypatch, settings, lambda: max(0, RECORDS - int(85 * clock.now)))
    assert outcome == RECORDS
    assert clock.now > 900
    first, *told = lines
    assert first == "Waiting for the S3 sink to land what is in Kafka ..."
    assert len(told) in (98, 99, 100)  # every 10 s of 1,000, in steps of a float's 0.1
    assert told[0].endswith(" of 85,000 records have landed ...")
    landed = [int(line.split()[0].replace(",", "")) for line in told]
    assert landed == sorted(landed)
    assert landed[0] in range(850, 860)


def test_what_lands_before_the_first_report_is_not_reported(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: Clock
) -> None:
    outcome, lines = wait(monkeypatch, settings, lambda: 0 if clock.now > 9 else RECORDS)
    assert outcome == RECORDS
    assert len(lines) == 1


@pytest.mark.parametrize("stops_at", [0, 500])
def test_a_sink_that_stands_still_is_given_up(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: Clock, stops_at: int
) -> None:
    outcome, _ = wait(monkeypatch, settings, lambda: RECORDS - int(85 * min(clock.now, stops_at)))
    assert isinstance(outcome, TimeoutError)
    assert f"300 s without progress: {85 * stops_at:,} of 85,000 records have landed" in str(outcome)
    assert stops_at + 299 < clock.now < stops_at + 302


def test_a_landing_zone_that_cannot_be_read_is_no_progress(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: Clock
) -> None:
    def unavailable() -> int:
        raise Unavailable("no S3")

    outcome, _ = wait(monkeypatch, settings, unavailable)
    assert isinstance(outcome, TimeoutError)
    assert 299 < clock.now < 302


def test_a_lost_bucket_that_is_filled_again_is_progress(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: Clock
) -> None:
    def left() -> int:
        since = clock.now if clock.now < 200 else clock.now - 200
        return max(0, RECORDS - int(150 * since))

    outcome, _ = wait(monkeypatch, settings, left)
    assert outcome == RECORDS
    assert clock.now > 700


def test_a_terminal_has_it_on_the_line_that_changes(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: Clock
) -> None:
    _, lines = wait(monkeypatch, settings, lambda: max(0, RECORDS - int(850 * clock.now)), terminal=True)
    assert not [line for line in lines if line.startswith("Waiting")]


def test_where_nothing_is_missing_nothing_is_waited_for(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, clock: Clock
) -> None:
    assert wait(monkeypatch, settings, lambda: 0)[0] == RECORDS
    assert clock.now == 0


def test_a_topic_made_anew_has_not_landed_though_the_old_one_has(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(catch_up, "end_offsets", lambda _: {TopicPartition("pin", 0): 90})
    monkeypatch.setattr(catch_up, "LandingZone", lambda _: ZoneOfEnds(pin=100))
    with pytest.raises(ValueError, match=r"^pin\[0\]: Kafka has lost offsets 90 to 99, which have landed"):
        catch_up.wait_for_landing(settings, make_console(file=io.StringIO()))


def test_what_lands_while_it_is_asked_for_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    ends = iter([90, 100, 100])
    monkeypatch.setattr(catch_up, "end_offsets", lambda _: {TopicPartition("pin", 0): next(ends)})
    monkeypatch.setattr(catch_up, "LandingZone", lambda _: ZoneOfEnds(pin=100))
    assert catch_up.wait_for_landing(settings, make_console(file=io.StringIO())) == 90


class ZoneOfEnds:
    """A landing zone by its partitions' ends."""

    def __init__(self, **ends: int) -> None:
        self.ends = ends

    def tail(self, topic: str, partition: int) -> PartitionEnd:
        assert partition == 0
        return PartitionEnd(0, self.ends[topic])


def test_what_has_landed_and_kafka_no_longer_has_is_named(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    ends = {TopicPartition("pin", 0): 90, TopicPartition("geo", 0): 100, TopicPartition("user", 0): 120}
    monkeypatch.setattr(catch_up, "end_offsets", lambda _: ends)
    zone = ZoneOfEnds(pin=100, geo=100, user=100)
    assert catch_up.lost_by_kafka(settings, zone) == [  # type: ignore[arg-type]
        "pin[0]: Kafka has lost offsets 90 to 99, which have landed; see docs/troubleshooting.md, "
        '"this partition does not land"'
    ]
