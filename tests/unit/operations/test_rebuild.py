"""Test what provisioning's watch does after a lost bucket, step by step; the servers say what a test has them say."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import TopicPartition

from common.airflow import AirflowError
from common.bucket import Identity
from common.log import configure
from operations import rebuild
from operations.airflow.trigger import DAG
from operations.rebuild import Rebuild
from stack.local.isolated import make_settings

NEW = Identity("b2", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
RUN = "rebuild__b2"


class World:
    """S3, Postgres, Kafka and Airflow, as far as they are asked; it is Airflow's API too."""

    def __init__(self) -> None:
        self.bucket: Identity | None = NEW
        self.lost = ["pin", "geo"]
        self.waiting = 0
        self.known, self.paused, self.batch = True, False, False
        self.runs: dict[str, str] = {}
        self.down = False

    def knows_the_dag(self, _: object) -> bool:
        if self.down:
            raise AirflowError("http://127.0.0.1:8080: refused")
        return self.known

    def get(self, path: str, **query: str | int) -> dict[str, Any]:
        if self.down:
            raise AirflowError("http://127.0.0.1:8080: refused")
        if path == f"dags/{DAG}":
            return {"is_paused": self.paused}
        if path.endswith("/dagRuns"):
            found = [name for name, state in self.runs.items() if state == query["state"]]
            return {"dag_runs": [{"dag_run_id": name} for name in found]}
        name = path.rsplit("/", 1)[1]
        if name not in self.runs:
            raise AirflowError("not found", 404)
        return {"dag_run_id": name, "state": self.runs[name]}

    def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        assert path == f"dags/{DAG}/dagRuns"
        assert body["conf"] == {"full": False, "table": "all"}
        assert body["dag_run_id"] not in self.runs
        self.runs[body["dag_run_id"]] = "queued"
        return {"dag_run_id": body["dag_run_id"], "state": "queued"}


@contextmanager
def closed(_: object) -> Iterator[None]:
    yield


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    for name, fake in {
        "s3_client": lambda _: None,
        "LandingZone": lambda _: None,
        "postgres_connection": lambda *_: None,
        "closing": closed,
        "identity": lambda *_: world.bucket,
        "lost_tables": lambda *_: world.lost,
        "end_offsets": lambda _: {TopicPartition("t", 0): 33_462},
        "missing": lambda *_: world.waiting,
        "AirflowApi": lambda _: world,
        "known": world.knows_the_dag,
        "batch_at_work": lambda _: world.batch,
    }.items():
        monkeypatch.setattr(rebuild, name, fake)
    return world


@pytest.fixture
def started(world: World, tmp_path: Path) -> Callable[..., Rebuild]:  # noqa: ARG001 - what it is started in
    def start(profiles: str = "stream,airflow") -> Rebuild:
        settings = make_settings(tmp_path, COMPOSE_PROFILES=profiles)
        return Rebuild(configure("test"), settings)

    return start


def looked(watch: Rebuild) -> str | None:
    watch.look()
    return watch.step


def test_without_a_loss_there_is_nothing_to_say_or_do(world: World, started: Callable[..., Rebuild]) -> None:
    world.lost = []
    watch = started()
    assert looked(watch) is None
    assert watch.state == {"bucket_lost": None, "rebuild": None}
    assert not watch.is_due
    assert world.runs == {}


def test_it_waits_for_the_sink_then_starts_one_run_and_follows_it(
    world: World, started: Callable[..., Rebuild]
) -> None:
    world.waiting = 12_000
    watch = started()
    assert looked(watch) == "waits for the S3 sink, which has landed 21,462 of 33,462 records"
    assert watch.state["bucket_lost"] == "2026-01-02T03:04:05+00:00"
    assert world.runs == {}
    world.waiting = 0
    assert looked(watch) == f"Airflow's run {RUN} is queued"
    assert looked(watch) == f"Airflow's run {RUN} is queued"
    world.runs[RUN] = "running"
    assert looked(started()) == f"Airflow's run {RUN} is running"  # after a restart of provisioning
    world.runs[RUN], world.lost = "success", []
    assert (looked(watch) or "").startswith("done at ")
    assert not watch.is_due
    assert list(world.runs) == [RUN]


def test_a_second_loss_has_a_run_of_its_own(world: World, started: Callable[..., Rebuild]) -> None:
    world.runs[RUN] = "success"
    world.bucket = Identity("b3", NEW.made_at)
    assert looked(started()) == "Airflow's run rebuild__b3 is queued"


def test_what_is_known_of_one_loss_is_not_said_of_the_next(
    world: World, started: Callable[..., Rebuild]
) -> None:
    watch = started()
    watch.look()
    world.lost = []
    assert (looked(watch) or "").startswith("done at ")
    watch.look_again()
    assert watch.state == {"bucket_lost": None, "rebuild": None}
    assert watch.is_due
    world.bucket, world.lost, world.runs = Identity("b3", NEW.made_at), ["pin"], {RUN: "success"}
    assert looked(watch) == "Airflow's run rebuild__b3 is queued"


def test_a_run_that_failed_is_said_and_not_repeated(world: World, started: Callable[..., Rebuild]) -> None:
    world.runs[RUN] = "failed"
    watch = started()
    assert "failed" in (looked(watch) or "")
    assert world.runs == {RUN: "failed"}
    world.lost = []  # `make trigger` has healed it
    assert (looked(watch) or "").startswith("done at ")


def test_a_run_that_found_nothing_is_not_called_done(world: World, started: Callable[..., Rebuild]) -> None:
    world.runs[RUN] = "success"
    assert looked(started()) == (
        "ended, but Kafka no longer holds what pin, geo was made from; the rows in Postgres stay"
    )


@pytest.mark.parametrize(
    ("hindrance", "step"),
    [
        ({"known": False}, "waits for Airflow to read its DAG"),
        ({"paused": True}, "is paused in Airflow"),
        ({"runs": {"manual": "running"}}, "waits for the end of Airflow's run manual"),
        ({"runs": {"manual": "queued"}}, "waits for the end of Airflow's run manual"),
        ({"batch": True}, "waits for the end of a batch run"),
        ({"down": True}, "waits: http://127.0.0.1:8080: refused"),
    ],
)
def test_what_must_come_first_is_waited_for(
    world: World, started: Callable[..., Rebuild], hindrance: dict[str, Any], step: str
) -> None:
    free = {name: getattr(world, name) for name in hindrance}
    vars(world).update(hindrance)
    watch = started()
    assert step in (looked(watch) or "")
    assert RUN not in world.runs
    assert watch.is_due
    vars(world).update(free)
    assert looked(watch) == f"Airflow's run {RUN} is queued"


def test_without_airflow_it_says_what_to_run(world: World, started: Callable[..., Rebuild]) -> None:
    watch = started("stream")
    assert (looked(watch) or "").startswith("`make batch` does it")
    assert world.runs == {}
    world.lost = []
    assert (looked(watch) or "").startswith("done at ")


def test_while_there_is_no_bucket_nothing_is_done_about_it(
    world: World, started: Callable[..., Rebuild]
) -> None:
    watch = started()
    world.runs[RUN] = "running"
    before = looked(watch)
    world.bucket = None
    assert looked(watch) == before
