"""Test the condition by which one record's row takes the place of another's, as a database evaluates it."""

import sqlite3
from contextlib import closing
from itertools import product

import pytest

from contracts.latest import is_not_older

NAMES = ("first", "second", "third")
POSITIONS = [*product((1, 2), repeat=3)]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_first_key_decides_then_the_next_and_the_same_record_is_not_older(count: int) -> None:
    condition = is_not_older([f"{{row}}.{name}" for name in NAMES[:count]])
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("CREATE TABLE positions (first, second, third)")
        database.executemany("INSERT INTO positions VALUES (?, ?, ?)", POSITIONS)
        found = database.execute(
            f"SELECT new.*, old.* FROM positions AS new, positions AS old WHERE {condition}"  # noqa: S608
        )
        assert {(row[:3], row[3:]) for row in found} == {
            (new, old) for new, old in product(POSITIONS, repeat=2) if new[:count] >= old[:count]
        }


def test_a_key_may_be_an_expression() -> None:
    assert is_not_older(["length({row}.number)", "{row}.number"]) == (
        "length(new.number) > length(old.number)"
        " OR (length(new.number) = length(old.number) AND (new.number >= old.number))"
    )
