"""Files that are older than a column of their table are read with nulls in it."""

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow.fs import LocalFileSystem

from contracts.tables import TABLES, Table
from spark_jobs.readers import parquet
from spark_jobs.schemas import arrow_schema

DECLARED = pa.schema({"ind": pa.int32(), "title": pa.string(), "board_name": pa.string()})


def _write(path: Path, rows: pa.Table) -> str:
    pq.write_table(rows, path)
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, str]:
    old = pa.table({"ind": pa.array([1], pa.int32()), "title": ["old"]})
    new = pa.table({"ind": pa.array([2], pa.int32()), "title": ["new"], "board_name": ["cats"]})
    # As delta-rs writes the texts that it merges.
    views = pa.schema({"ind": pa.int32(), "title": pa.string_view(), "board_name": pa.string_view()})
    merged = new.set_column(0, "ind", pa.array([3], pa.int32())).cast(views)
    tables = {"old": old, "new": new, "merged": merged}
    return {name: _write(tmp_path / f"{name}.parquet", rows) for name, rows in tables.items()}


@pytest.mark.parametrize(
    "order", [["old", "new"], ["new", "old"], ["old", "merged"], ["merged", "old"], ["old"]]
)
def test_an_older_file_has_nulls_wherever_it_stands(files: dict[str, str], order: Sequence[str]) -> None:
    rows = parquet.dataset([files[name] for name in order], LocalFileSystem(), DECLARED)
    boards = rows.to_table(columns=["ind", "board_name"])
    assert boards.schema.field("board_name").type == pa.string()
    found = dict(zip(boards["ind"].to_pylist(), boards["board_name"].to_pylist(), strict=True))
    inds = {"old": (1, None), "new": (2, "cats"), "merged": (3, "cats")}
    assert found == dict(inds[name] for name in order)


@pytest.mark.parametrize("table", TABLES)
def test_every_cleaned_column_may_be_missing(tmp_path: Path, table: Table) -> None:
    declared = arrow_schema(table)
    old = _write(tmp_path / "0.parquet", pa.table({"source_offset": pa.array([7], pa.int64())}))
    rows = parquet.dataset([old], LocalFileSystem(), declared).to_table(columns=declared.names)
    assert rows.to_pylist() == [dict.fromkeys(declared.names)]
