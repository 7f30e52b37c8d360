"""Test what `make verify` says of the speed path: of rows too young, and after a loss of a table or a stream."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from operations.verify import accounts, cleaned, speed
from operations.verify.accounts import Counts
from stack.local.isolated import make_settings

CREATED = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
SINCE = datetime(2026, 1, 2, 3, 5, 6, tzinfo=UTC)
ARRIVED = datetime(2026, 1, 1, tzinfo=UTC)
SERVED = pa.table(
    {"ind": pa.array([1, 2], pa.int64()), "user_name": ["a", "b"], "age": [1, 2], "date_joined": [3, 4]}
)


class World:
    """The answers of Postgres, Delta and Kinesis."""

    def __init__(self) -> None:
        self.in_delta = SERVED.append_column("arrived_at", pa.array([ARRIVED] * 2, pa.timestamp("us", "UTC")))
        self.sent, self.counts = 2, Counts(2, 2, 0, 0)
        self.earlier, self.read, self.in_postgres = 0, 0, 2

    def ask(self, _: object, query: str, __: object = None) -> list[tuple[Any, ...]]:
        if query == speed.PLACES_QUERY:
            micros = int(ARRIVED.timestamp() * 1_000_000)
            return [(1, micros), (2, micros)][: self.in_postgres]
        return [(self.earlier, self.read, SINCE)] if query == speed.READ_QUERY else [(0,)]

    def check(self, folder: Path, until: datetime = CREATED) -> speed.SpeedStages:
        return speed.check(make_settings(folder), None, "user", until)  # type: ignore[arg-type]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr(cleaned, "of_delta", lambda *_: world.in_delta)
    monkeypatch.setattr(cleaned, "of_postgres", lambda *_: SERVED.slice(0, world.in_postgres))
    monkeypatch.setattr(accounts, "ask", world.ask)
    monkeypatch.setattr(accounts, "sent", lambda *_: world.sent)
    monkeypatch.setattr(accounts, "stream_counts", lambda *_: world.counts)
    described = {"StreamDescriptionSummary": {"StreamCreationTimestamp": CREATED}}
    kinesis = SimpleNamespace(describe_stream_summary=lambda **_: described)
    monkeypatch.setattr(speed, "kinesis_client", lambda _: kinesis)
    return world


def test_equal_sides_have_no_problem(world: World, tmp_path: Path) -> None:
    assert (world.check(tmp_path).problems, world.check(tmp_path).note) == ([], None)


def test_records_that_were_not_read_are_counted(world: World, tmp_path: Path) -> None:
    world.sent = 1_005
    stages = world.check(tmp_path)
    assert stages.problems == []  # they may still wait
    assert "of the 1,005 records that were acknowledged" in (stages.note or "")
    assert "has read 2: 1,003 wait in the stream, or it no longer had them" in (stages.note or "")


@pytest.mark.parametrize("in_delta", [0, 1, 2])
def test_rows_that_are_all_too_young_are_not_compared(world: World, tmp_path: Path, in_delta: int) -> None:
    world.in_delta = world.in_delta.slice(0, in_delta)  # it comes 30 s after Postgres
    stages = world.check(tmp_path, ARRIVED - timedelta(seconds=1))
    assert (stages.compared, stages.problems) == (False, [])


def test_young_rows_hide_no_problem_of_the_counts(world: World, tmp_path: Path) -> None:
    world.counts = Counts(2, 1, 0, 0)
    stages = world.check(tmp_path, ARRIVED - timedelta(seconds=1))
    assert stages.problems == ["user: the streaming query read 2, which is not the sum of its parts"]


def test_rows_that_are_old_enough_or_not_there_at_all_are_compared(world: World, tmp_path: Path) -> None:
    assert world.check(tmp_path, ARRIVED).compared
    world.in_delta, world.in_postgres = world.in_delta.slice(0, 0), 0
    assert world.check(tmp_path).compared


def test_a_delta_table_that_is_gone_is_one_line_and_not_one_for_each_row(
    world: World, tmp_path: Path
) -> None:
    world.in_delta = world.in_delta.slice(0, 0)
    [problem] = world.check(tmp_path).problems
    assert problem.startswith("user: the Delta table of the stream is gone")


def test_rows_that_lack_in_a_table_that_is_there_are_named(world: World, tmp_path: Path) -> None:
    world.in_delta = world.in_delta.slice(0, 1)
    assert world.check(tmp_path).problems == ["user: 1 rows are not in Delta: ind 2"]


@pytest.mark.parametrize(
    ("sent", "read", "lost"),
    [
        (1000, 1000, 0),
        (1000, 1050, 0),  # some were sent by another program than the emulator
        (1000, 988, 12),
        (0, 0, 0),
    ],
)
def test_a_stream_that_was_made_again_is_said_with_what_is_counted_since_and_what_was_lost(
    world: World, tmp_path: Path, sent: int, read: int, lost: int
) -> None:
    world.sent, world.earlier, world.read = sent, 2, read
    said = world.check(tmp_path).note or ""
    assert "user: stream streaming-" in said
    assert "was made again at 2026-01-02 03:04:05 UTC" in said
    assert "`streaming query: read` and its parts count since 2026-01-02 03:05:06 UTC" in said
    assert ("were lost with the earlier stream" in said) is bool(lost)
    assert (f"Of the {sent:,} records" in said) is bool(lost)
    assert (f"has read {read:,}: {lost} were lost" in said) is bool(lost)
