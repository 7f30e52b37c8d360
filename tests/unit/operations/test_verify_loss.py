"""The block of `make verify` on a lost bucket: since when, how far what heals it is, and what to do."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.bucket import Identity
from common.settings import Settings
from operations.verify import loss
from stack.local.isolated import make_settings

MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def stages(*tables: tuple[str, bool, int, int]) -> list[Any]:
    """Of each table: whether it is lost, what has landed, what Kafka has."""
    return [SimpleNamespace(table=name, lost=lost, landed=n, kafka=m) for name, lost, n, m in tables]


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(loss, "s3_client", lambda _: None)
    monkeypatch.setattr(loss, "identity", lambda *_: Identity("new", MADE_AT))
    monkeypatch.setattr(loss, "news", lambda *_: {})
    return make_settings(tmp_path)


def test_a_bucket_that_is_not_lost_is_not_spoken_of(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert loss.describe(settings, stages(("pin", False, 1, 2))) == []
    monkeypatch.setattr(loss, "identity", lambda *_: None)
    assert loss.describe(settings, stages(("pin", True, 1, 2))) == []


def test_a_lost_bucket_is_named_with_its_tables_and_what_has_landed_again(settings: Settings) -> None:
    (said,) = loss.describe(
        settings, stages(("pin", True, 1_000, 1_500), ("geo", False, 1, 1), ("user", True, 0, 2_000))
    )
    lines = said.splitlines()
    assert settings.bucket in lines[0]
    assert "2026-01-02 03:04:05 UTC" in lines[0]
    assert "pin, user" in lines[0]
    assert "1,001" in lines[2]
    assert "3,501" in lines[2]
    assert "`make landed batch` rebuilds them" in lines[3]


@pytest.mark.parametrize("landed", [10, 11])
def test_a_sink_that_has_caught_up_is_said_to(settings: Settings, landed: int) -> None:
    (said,) = loss.describe(settings, stages(("pin", True, landed, 10)))
    assert "has landed all of Kafka's 10 records" in said


def test_a_rebuild_that_is_under_way_is_named_instead_of_a_command(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []

    def news(*what: object) -> dict[str, str]:
        asked.append(what)
        return {"rebuild": "run rebuild__1 is at work"}

    monkeypatch.setattr(loss, "news", news)
    (said,) = loss.describe(settings, stages(("pin", True, 1, 2)))
    assert "run rebuild__1 is at work" in said
    assert "make landed batch" not in said
    assert asked == [(settings.state_dir, "provision")]
