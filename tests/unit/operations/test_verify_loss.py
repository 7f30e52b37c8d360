"""The block of `make verify` on a lost bucket: since when, how far what heals it is, and what to do."""

import io
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from common import bucket
from common.settings import Settings
from operations.verify import loss
from stack.local.isolated import make_settings

MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class World:
    """The bucket that is there, if one is, and of each topic the bucket that its last batch run wrote into."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.present: str | None = "new"
        self.last_runs: dict[str, str] = {}
        self.found: list[str] = []
        self.open_connections = 0

    def s3_client(self, settings: Settings) -> "World":
        assert settings is self.settings
        return self

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        assert (Bucket, Key) == (self.settings.bucket, bucket.KEY)
        if self.present is None:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "GetObject")
        return {"Body": io.BytesIO(json.dumps({"bucket_id": self.present}).encode()), "LastModified": MADE_AT}

    def postgres_connection(self, settings: Settings, role: str) -> "World":
        assert (settings, role) == (self.settings, "analyst")
        self.open_connections += 1
        return self

    def cursor(self) -> AbstractContextManager["World"]:
        return nullcontext(self)

    def execute(self, query: str, values: list[str]) -> None:
        assert "bucket_id <> %s" in query
        self.found = [topic for topic, written in self.last_runs.items() if written != values[0]]

    def __iter__(self) -> Iterator[tuple[str]]:
        return ((topic,) for topic in self.found)

    def close(self) -> None:
        self.open_connections -= 1


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(make_settings(tmp_path))
    monkeypatch.setattr(loss, "s3_client", made.s3_client)
    monkeypatch.setattr(loss, "postgres_connection", made.postgres_connection)
    monkeypatch.setattr(loss, "news", lambda *_: {})
    return made


def stages(*tables: tuple[str, bool, int, int]) -> list[Any]:
    """Of each table: whether it is lost, what has landed, what Kafka has."""
    return [SimpleNamespace(table=name, lost=lost, landed=n, kafka=m) for name, lost, n, m in tables]


@pytest.mark.parametrize(
    ("present", "last_runs", "lost"),
    [
        ("new", {}, False),
        ("new", {"pin": "new", "geo": "new"}, False),
        ("new", {"pin": "new", "geo": "old"}, True),
        (None, {"pin": "old"}, False),
    ],
    ids=["no run yet", "the same", "another", "none, which proves nothing"],
)
def test_a_bucket_is_lost_once_another_is_there_than_the_last_run_wrote_into(
    world: World, present: str | None, last_runs: dict[Any, str], lost: bool
) -> None:
    world.present = present
    world.last_runs = {world.settings.topic(table): written for table, written in last_runs.items()}
    assert loss.is_lost(world.settings) is lost
    assert world.open_connections == 0


def test_a_bucket_that_is_not_lost_is_not_spoken_of(world: World) -> None:
    assert loss.describe(world.settings, stages(("pin", False, 1, 2))) == []
    world.present = None
    assert loss.describe(world.settings, stages(("pin", True, 1, 2))) == []


def test_a_lost_bucket_is_named_with_its_tables_and_what_has_landed_again(world: World) -> None:
    (said,) = loss.describe(
        world.settings, stages(("pin", True, 1_000, 1_500), ("geo", False, 1, 1), ("user", True, 0, 2_000))
    )
    assert said.splitlines() == [
        f"The bucket was lost: {world.settings.bucket} is of 2026-01-02 03:04:05 UTC, later than the last batch run"
        " of pin, user. LocalStack keeps S3 in memory.",
        "  Kept: Kafka's records, and the rows in Postgres, which the answers come from.",
        "  S3 sink: it has landed 1,001 of Kafka's 3,501 records.",
        "  Delta tables of the batch path: `make landed batch` rebuilds them.",
        "  `make status` shows how far that is. What is compared with the bucket is compared after it.",
    ]


@pytest.mark.parametrize("landed", [10, 11])
def test_a_sink_that_has_caught_up_is_said_to(world: World, landed: int) -> None:
    (said,) = loss.describe(world.settings, stages(("pin", True, landed, 10)))
    assert "has landed all of Kafka's 10 records" in said


def test_a_rebuild_that_is_under_way_is_named_instead_of_a_command(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def news(*what: object) -> dict[str, str]:
        asked.append(what)
        return {"rebuild": "run rebuild__1 is at work"}

    monkeypatch.setattr(loss, "news", news)
    (said,) = loss.describe(world.settings, stages(("pin", True, 1, 2)))
    assert "run rebuild__1 is at work" in said
    assert "make landed batch" not in said
    assert asked == [(world.settings.state_dir, "provision")]
