"""A lost bucket in `make status` and `make verify`: one block, with how far the rebuild is."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from common.bucket import Identity
from common.settings import Settings
from common.state_file import StateFile
from operations.verify import loss
from operations.verify.accounts import Counts
from operations.verify.batch import BatchStages
from stack.local.isolated import make_settings
from stack.status.bucket import print_rebuild

MADE_AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


def _say(settings: Settings, **state: Any) -> None:  # noqa: ANN401 - a state file's values
    StateFile(settings.state_dir, "provision").write(lambda: {"problem": None, **state})


def _shown(settings: Settings) -> str:
    text = io.StringIO()
    print_rebuild(Console(file=text, width=80), settings)
    return text.getvalue()


def test_status_says_when_it_was_lost_and_what_the_rebuild_is_at(settings: Settings) -> None:
    step = "waits for the S3 sink, which has landed 21,462 of 33,462 records"
    _say(settings, bucket_lost=MADE_AT.isoformat(), rebuild=step)
    assert _shown(settings) == (
        "\nThe bucket was lost (LocalStack keeps S3 in memory); the present one is of 2026-01-02 03:04:05 UTC."
        f"\nRebuild of the batch path's Delta tables: {step}.\n"
    )


def test_status_says_nothing_where_nothing_was_lost_or_nobody_knows(settings: Settings) -> None:
    assert _shown(settings) == ""
    _say(settings, bucket_lost=None, rebuild=None)
    assert _shown(settings) == ""


def _hops(*, landed: int, lost: bool) -> BatchStages:
    numbers = {
        "sent": 10,
        "kafka": 10,
        "waiting": landed,
        "replayed": 0,
        "set_aside": 0,
        "delta": 0,
        "served": 10,
    }
    sums = {"delta_sum": "0", "served_sum": "1"}
    return BatchStages("pin", landed=landed, lost=lost, counts=Counts(), nulls={}, **numbers, **sums)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("landed", "state", "said"),
    [
        (4, {}, ["has landed 4 of Kafka's 10 records", "`make landed batch`"]),
        (10, {"rebuild": "Airflow's run r is queued"}, ["all of Kafka's 10 records", "run r is queued"]),
    ],
)
def test_verify_says_it_in_one_block(
    settings: Settings, landed: int, state: dict[str, str], said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loss, "identity", lambda *_: Identity("b", MADE_AT))
    _say(settings, **state)
    [block] = loss.describe(settings, [_hops(landed=landed, lost=True)])
    for expected in (*said, "The bucket was lost", "2026-01-02 03:04:05 UTC", "last batch run of pin"):
        assert expected in block.replace("\n ", "")
    assert len(block.splitlines()) < 10


def test_verify_says_nothing_of_a_bucket_that_is_not_lost(settings: Settings) -> None:
    assert loss.describe(settings, [_hops(landed=4, lost=False)]) == []
