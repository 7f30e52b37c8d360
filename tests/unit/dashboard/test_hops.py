"""Test the counts of the batch path hop by hop."""

from dataclasses import replace
from pathlib import Path

import pytest

from common.settings import Settings
from dashboard import hops
from dashboard.hops import Hops
from dashboard.reading import Reading
from dashboard.readings.delta import Delta
from dashboard.readings.quality import QualityData
from dashboard.readings.state_files import Sink
from dashboard.readings.tables import Count, Tables
from dashboard.readings.topics import Topics
from operations.verify.accounts import Counts
from stack.local.isolated import make_settings
from tests.unit.dashboard.known import at_work, unread

SOUND = Hops(90, 100, 100, Counts(100, 80, 15, 5), 5, 80, Count(80))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path, USER_ID="id0123456789")


def test_the_counts_of_each_table_are_its_own(settings: Settings) -> None:
    pin, user = (settings.topic("pin"), 0), (settings.topic("user"), 1)
    readings = replace(
        at_work(),
        topics=Reading(Topics({pin: 40, user: 50}, pin[0])),
        sink=Reading(Sink(None, {pin: 30, user: 50})),
        delta=Reading(Delta({("cleaned", "user"): 45, ("streaming", "user"): 7})),
        tables=Reading(Tables({"batch.users": Count(45), "speed.users": Count(7)})),
    )
    data = QualityData(
        batch={"user": Counts(50, 45, 3, 2)}, sent={user[0]: 50, "other": 9}, set_aside={user[0]: 2}
    )
    found = hops.compare(settings, readings, data)
    assert found["user"] == Hops(50, 50, 50, Counts(50, 45, 3, 2), 2, 45, Count(45))
    assert (found["pin"].kafka, found["pin"].landed, found["pin"].served) == (40, 30, None)
    assert found["user"].problems == []


def test_what_is_not_known_proves_nothing(settings: Settings) -> None:
    found = hops.compare(settings, unread(), QualityData())
    assert [each.problems for each in found.values()] == [[], [], []]
    silent = replace(at_work(), sink=Reading(Sink("it has not written its state yet")))
    assert hops.compare(settings, silent, QualityData())["pin"].landed is None
    assert hops.lines(found)[1] == {"hop": "Kafka: end offsets", "pin": "?", "geo": "?", "user": "?"}


def test_there_is_a_line_for_each_hop() -> None:
    lines = hops.lines({"pin": SOUND, "geo": replace(SOUND, served=Count(1_000_000, exact=False))})
    assert [line["pin"] for line in lines] == [
        *("90", "100", "100", "100", "80", "15", "5", "5", "80", "80", "yes"),
    ]
    assert lines[-2]["geo"] == "about 1,000,000"
    assert lines[-1]["geo"] == "yes"


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (replace(SOUND, sent=101), "the emulator had more acknowledged than Kafka holds"),
        (replace(SOUND, landed=99), "more was read than has landed"),
        (replace(SOUND, counts=Counts(99, 80, 15, 5)), "read is not cleaned + duplicate + quarantined"),
        (replace(SOUND, set_aside=4), "quarantined is not what quarantine.batch holds"),
        (replace(SOUND, delta=79), "Delta and Postgres have different numbers of rows"),
    ],
)
def test_what_does_not_add_up_is_named(wrong: Hops, problem: str) -> None:
    assert SOUND.problems == []
    assert wrong.problems == [problem]
    assert hops.lines({"pin": wrong})[-1]["pin"] == "not now"
