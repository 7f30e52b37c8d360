"""Test which record of an ind the speed path's Delta tables keep, in one micro-batch and across two: on local files."""

import json
import os
from datetime import UTC, datetime, timedelta
from itertools import permutations
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable

from contracts.delta_tables import KEPT_HOURS, SPEED
from contracts.tables import KEY
from spark_jobs.streaming.delta import LATER, latest, take_in

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
SCHEMA = pa.schema(
    [
        ("ind", pa.int32()),
        ("title", pa.string()),
        ("arrived_at", pa.timestamp("us", "UTC")),
        ("sequence_number", pa.string()),
    ]
)
LONG = "49590338271490256608559692538361571095921575989136588898"
# Records of one ind, the later one last: (seconds after noon, sequence number).
ORDERS = [
    [(0, "9"), (0, "10")],
    [(0, "99"), (0, "100"), (0, "101")],
    [(0, LONG), (0, str(int(LONG) + 1))],
    [(0, "9" * 55), (0, "1" + "0" * 55)],
    [(0, "10"), (1, "9")],
    [(0, "100"), (1, "9"), (1, "10"), (2, "1")],
]
# When a record arrived, in seconds after noon, and its sequence number.
Position = tuple[int, str]


def rows(*places: Position) -> pa.Table:
    """Records of ind 1 at these places, each with its place as its title, among one of another ind."""
    made = [
        {"ind": 1, "title": f"{second} {number}", "arrived_at": NOON + timedelta(seconds=second)}
        | {"sequence_number": number}
        for second, number in places
    ]
    other = {"ind": 2, "title": "other", "arrived_at": NOON, "sequence_number": "5"}
    return pa.Table.from_pylist([*made, other], SCHEMA)


def titles(table: pa.Table) -> list[tuple[int, str]]:
    return sorted(zip(table["ind"].to_pylist(), table["title"].to_pylist(), strict=True))


@pytest.fixture
def table(tmp_path: Path) -> str:
    """Return the path of a table that is not there yet."""
    return str(tmp_path / "pin")


def stored(table: str) -> list[tuple[int, str]]:
    return titles(DeltaTable(table).to_pyarrow_table())


def take_in_at(table: str, *positions: Position) -> None:
    """Do what the sink does with a table's rows of a micro-batch."""
    take_in(table, None, latest(rows(*positions)), (KEY,), LATER)


@pytest.mark.parametrize("order", ORDERS)
def test_of_one_micro_batch_the_latest_record_is_kept(order: list[Position]) -> None:
    second, number = order[-1]
    for places in permutations(order):
        assert titles(latest(rows(*places))) == [(1, f"{second} {number}"), (2, "other")]


def test_no_record_has_no_latest_one() -> None:
    assert latest(SCHEMA.empty_table()).num_rows == 0


@pytest.mark.parametrize("order", ORDERS)
def test_across_micro_batches_the_latest_record_is_kept(table: str, order: list[Position]) -> None:
    second, number = order[-1]
    for places in (order, [*reversed(order)]):
        for place in places:
            take_in_at(table, place)
        assert stored(table) == [(1, f"{second} {number}"), (2, "other")]


def test_the_record_of_the_same_place_is_taken_in_again(table: str) -> None:
    """So that a stream that is read anew says what its records say now."""
    take_in_at(table, (0, "10"))
    again = rows((0, "10"))
    take_in(table, None, again.set_column(1, "title", pa.array(["now", "other"])), (KEY,), LATER)
    assert stored(table) == [(1, "now"), (2, "other")]


def test_a_new_column_reaches_a_table_that_is_older_than_it(table: str) -> None:
    take_in_at(table, (0, "1"))
    newer = latest(rows((1, "2")).filter(pc.equal(rows((1, "2"))["ind"], 1)))
    take_in(table, None, newer.append_column("board_name", pa.array(["cats"])), (KEY,), LATER)
    found = DeltaTable(table).to_pyarrow_table().select(["ind", "title", "board_name"])
    assert sorted(found.to_pylist(), key=lambda row: row["ind"]) == [
        {"ind": 1, "title": "1 2", "board_name": "cats"},
        {"ind": 2, "title": "other", "board_name": None},
    ]


def test_the_log_of_a_table_is_cut_when_its_time_is_over(table: str) -> None:
    log = Path(table) / "_delta_log"
    for second in range(45):
        take_in(table, None, rows((second, "1")), (KEY,), LATER)
    assert len(list(log.glob("*.json"))) == 45, "all are of the last hour"
    for commit in log.glob("*.json"):
        age_by(commit, KEPT_HOURS[SPEED] * 3600 + 60)
    for second in range(45, 65):
        take_in(table, None, rows((second, "1")), (KEY,), LATER)
    versions = sorted(int(commit.stem) for commit in log.glob("*.json"))
    assert versions == [*range(versions[0], 65)]
    assert versions[0] >= 19, (
        "what is older than an hour goes, up to a checkpoint, of which each 20 versions have one"
    )
    assert stored(table) == [(1, "64 1"), (2, "other")]


def age_by(commit: Path, seconds: float) -> None:
    """Make a commit so much older, in what it says of itself and as a file."""
    actions = [json.loads(line) for line in commit.read_text().splitlines()]
    for action in actions:
        if "commitInfo" in action:
            action["commitInfo"]["timestamp"] -= round(seconds * 1000)
    commit.write_text("\n".join(map(json.dumps, actions)))
    written = commit.stat().st_mtime - seconds
    os.utime(commit, (written, written))
