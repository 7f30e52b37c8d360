"""The digest of rows: equal for equal rows in any order and pieces, another for any other value.

That Postgres computes the same is tested with a server (tests/integration/test_digest.py).
"""

import hashlib
import math
import struct
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from contracts.tables import Table
from operations.verify import digest, rows
from operations.verify.proof import DataFile

Row = tuple[Any, ...]
GEO: Row = (1, "Côte d'Ivoire", -1.5, 1e-05, 0)


def table(name: Table, *values: Row) -> pa.Table:
    """Return the rows in the comparable form."""
    columns = rows.empty(name).schema
    return pa.table(
        {field.name: pa.array([row[at] for row in values], field.type) for at, field in enumerate(columns)}
    )


def of(*values: Row, name: Table = "geo") -> int:
    return digest.of_rows(table(name, *values), name)


def test_a_row_is_digested_as_postgres_sends_it() -> None:
    sent = [
        struct.pack(">i", 5),
        struct.pack(">iiq", 20, 8, 7),
        struct.pack(">ii", 25, 3) + "aé".encode(),
        struct.pack(">iid", 701, 8, -1.5),
        struct.pack(">ii", 701, -1),
        struct.pack(">iiq", 1184, 8, 1 - 946_684_800_000_000),  # Postgres counts from the year 2000
    ]
    hashed = hashlib.md5(b"".join(sent), usedforsecurity=False).digest()
    assert of((7, "aé", -1.5, None, 1)) == int.from_bytes(hashed[:8], "big")


def test_neither_the_order_nor_the_pieces_count(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(ind, str(ind), 0.5, None, ind) for ind in range(7)]
    whole = of(*found)
    assert of(*reversed(found)) == whole
    assert (of(*found[:3]) + of(*found[3:])) % digest.MODULUS == whole
    parts = [DataFile("", 0, of(*each)) for each in (found[:3], found[3:], [])]
    assert digest.of_parts(parts) == f"{whole:016x}"
    chunks = pa.concat_tables([table("geo", *found[:2]), table("geo"), table("geo", *found[2:])])
    assert digest.of_rows(chunks, "geo") == whole
    monkeypatch.setattr(digest, "_PIECE_ROWS", 3)
    assert digest.of_rows(chunks, "geo") == whole


@pytest.mark.parametrize(
    "changed",
    [
        (2, *GEO[1:]),
        (1, "Côte d'Ivoire ", *GEO[2:]),
        (1, "", *GEO[2:]),
        (1, None, *GEO[2:]),
        (1, GEO[1], 1e-05, -1.5, 0),
        (1, GEO[1], math.nextafter(-1.5, 0), 1e-05, 0),
        (1, GEO[1], None, 1e-05, 0),
        (1, GEO[1], -1.5, math.nan, 0),
        (1, GEO[1], -1.5, 1e-05, 1),
        (1, GEO[1], -1.5, 1e-05, None),
        (1, GEO[1], -1.5, 1e-05, -62_135_596_800_000_000),
        (1, GEO[1], -1.5, 1e-05, 253_402_300_799_999_999),
    ],
)
def test_every_value_counts(changed: Row) -> None:
    assert of(changed) != of(GEO)


def test_what_is_there_twice_counts_twice() -> None:
    assert len({of(*[GEO] * times) for times in range(4)}) == 4
    assert of() == 0


def test_a_text_does_not_run_into_the_next_one() -> None:
    texts: list[Row] = [("a", "b"), ("ab", ""), ("", "ab"), ("ab", None), (None, "ab"), ("b", "a")]
    found = [of((1, *pair, *[None] * 2, *[""] * 6), name="pin") for pair in texts]
    assert len(set(found)) == len(texts)


def test_all_that_are_not_numbers_are_one_and_the_two_zeros_are_two() -> None:
    other_nan = np.array([0x7FF8000000000001], np.uint64).view(np.float64)[0]
    assert of((1, "a", other_nan, 0.0, 0)) == of((1, "a", math.nan, 0.0, 0))
    assert of((1, "a", -0.0, 0.0, 0)) != of((1, "a", 0.0, 0.0, 0))


def test_a_nul_is_digested_as_postgres_holds_it() -> None:
    assert of((1, "a\0b", None, None, 0)) == of((1, r"a\x00b", None, None, 0))


def test_texts_as_delta_rs_writes_them_have_the_same_digest() -> None:
    of_spark = pa.table({"ind": pa.array([1, 2], pa.int32()), "user_name": ["a", None]})
    others = {
        "age": pa.array([3, None], pa.int32()),
        "date_joined": pa.array([0, 1], pa.timestamp("us", "UTC")),
    }
    for name, values in others.items():
        of_spark = of_spark.append_column(name, values)
    of_delta_rs = of_spark.set_column(1, "user_name", of_spark["user_name"].cast(pa.string_view()))
    found = {digest.of_rows(rows.comparable(each, "user"), "user") for each in (of_spark, of_delta_rs)}
    assert found == {of((1, "a", 3, 0), (2, None, None, 1), name="user")}
