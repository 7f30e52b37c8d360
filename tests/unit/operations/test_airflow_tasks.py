"""The DAG's tasks that need no Spark: the sensor's branches, and what the other two pass on."""

import importlib
import re
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from common.settings import Settings
from services.s3_sink.zone import PartitionEnd, StaleEnd, Unavailable
from stack.local.isolated import make_settings

ENDS = {TopicPartition("t.pin", 0): 5, TopicPartition("t.pin", 1): 0, TopicPartition("t.geo", 0): 2}
ALL = {"t.pin": 5, "t.geo": 2}
UNREACHABLE = KafkaException(KafkaError(KafkaError._TRANSPORT, "no broker answers"))


@pytest.fixture(scope="module")
def tasks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    """The module, imported with a folder for what Airflow writes as it is imported."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("AIRFLOW_HOME", str(tmp_path_factory.mktemp("airflow")))
        yield importlib.import_module("operations.airflow.tasks")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_settings(tmp_path_factory.mktemp("tasks"))


class Zone:
    """A landing zone that answers each look with the next of these: offsets landed per topic, or an error."""

    def __init__(self, *answers: dict[str, int] | Exception) -> None:
        self.answers = list(answers)

    def tail(self, topic: str, partition: int) -> PartitionEnd:
        answer = self.answers[0]
        if (topic, partition) == ("t.geo", 0) or isinstance(answer, Exception):  # a look ends here
            self.answers[:-1] = self.answers[1:-1]
        if isinstance(answer, Exception):
            raise answer
        return PartitionEnd(0, answer.get(topic, 0) if partition == 0 else 0)


def sense(
    tasks: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
    zone: Zone,
    *,
    timeout: float = 60.0,
    lost: Callable[[], list[str]] = list,
) -> dict[str, dict[str, int]]:
    monkeypatch.setattr(tasks, "load_settings", lambda: settings)
    monkeypatch.setattr(tasks, "LandingZone", lambda _: zone)
    monkeypatch.setattr(tasks, "end_offsets", lambda _: ENDS)
    monkeypatch.setattr(tasks, "lost_by_kafka", lambda *_: lost())
    sensor = tasks.LandedSensor(task_id="landed", poke_interval=0, timeout=timeout)
    found: dict[str, dict[str, int]] = type(sensor).execute.__wrapped__(sensor, {})  # without Airflow's guard
    return found


@pytest.mark.parametrize(
    "before",
    [
        [],
        [{}],
        [{"t.pin": 5}, {"t.pin": 4, "t.geo": 2}],
        [StaleEnd("read it again"), Unavailable("S3 is down")],
    ],
    ids=["at once", "later", "in pieces", "after trouble"],
)
def test_the_sensor_waits_until_all_has_landed(
    before: list[dict[str, int] | Exception],
    tasks: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    zone = Zone(*before, ALL)
    found = sense(tasks, monkeypatch, settings, zone)
    assert found == {"t.pin": {"0": 5, "1": 0}, "t.geo": {"0": 2}}
    assert zone.answers == [ALL]


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        (Zone({"t.pin": 3, "t.geo": 2}), r"t\.pin\[0\] offsets 3 to 4\. "),
        (Zone({}), r"t\.pin\[0\] offsets 0 to 4; t\.geo\[0\] offsets 0 to 1\. "),
        (Zone(Unavailable("S3 is down")), "S3 is down"),
        (Zone(StaleEnd("another writer was there")), "another writer was there"),
        (Zone({}, UNREACHABLE), "no broker answers"),
    ],
    ids=["a part", "nothing", "no S3", "moved", "no Kafka"],
)
def test_a_sensor_that_gives_up_says_what_is_missing_and_what_to_do(
    zone: Zone, said: str, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    with pytest.raises(tasks.AirflowSensorTimeout, match=f"timed out.*{said}.*make logs SERVICE=s3-sink"):
        sense(tasks, monkeypatch, settings, zone, timeout=0.0)


@pytest.mark.parametrize("error", [ValueError("a foreign object"), UNREACHABLE])
def test_what_waiting_cannot_fix_ends_the_sensor_at_once(
    error: Exception, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    with pytest.raises(type(error)) as raised:
        sense(tasks, monkeypatch, settings, Zone(error))
    assert raised.value is error


@pytest.mark.parametrize(
    "landed", [ALL, {"t.pin": 5, "t.geo": 0}], ids=["the rest is there", "the sink waits"]
)
def test_a_kafka_that_ends_before_the_landing_zone_ends_the_sensor_at_once_as_it_does_make_landed(
    landed: dict[str, int], tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    said = "t.pin[1]: Kafka has lost offsets 0 to 2, which have landed"
    with pytest.raises(ValueError, match=re.escape(said)):
        sense(tasks, monkeypatch, settings, Zone(landed), lost=lambda: [said])


@pytest.mark.parametrize("trouble", [UNREACHABLE, Unavailable("S3 is down"), StaleEnd("read it again")])
def test_a_sensor_that_cannot_ask_what_kafka_has_lost_goes_on(
    trouble: Exception, tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    def ask() -> list[str]:
        raise trouble

    assert sense(tasks, monkeypatch, settings, Zone(ALL), lost=ask) == {
        "t.pin": {"0": 5, "1": 0},
        "t.geo": {"0": 2},
    }


@pytest.mark.parametrize(
    ("troubles", "asked"), [([], 1), ([UNREACHABLE], 2)], ids=["at once", "at the second look"]
)
def test_a_sensor_asks_what_kafka_has_lost_until_it_knows(
    troubles: list[Exception],
    asked: int,
    tasks: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    settings: Settings,
) -> None:
    answers, looks = list(troubles), list[None]()

    def ask() -> list[str]:
        looks.append(None)
        if answers:
            raise answers.pop()
        return []

    sense(tasks, monkeypatch, settings, Zone({}, {}, {}, ALL), lost=ask)
    assert len(looks) == asked


def test_reconcile_passes_on_what_the_sensor_gave(
    tasks: ModuleType, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    asked: list[Any] = []
    monkeypatch.setattr(tasks, "load_settings", lambda: settings)
    monkeypatch.setattr(tasks, "reconcile_run", lambda *given: asked.append(given))
    tasks.reconcile("manual", {"t.pin": {"0": 5}}, "geo")
    assert asked == [(settings, "manual", {"t.pin": {"0": 5}}, "geo")]
