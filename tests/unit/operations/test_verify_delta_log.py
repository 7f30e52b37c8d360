"""verify's own reader of Delta logs, on local tables that delta-rs wrote and something then damaged."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError
from pyarrow.fs import LocalFileSystem

from operations.verify import delta_log
from spark_jobs.readers import parquet

COMMITS, ROWS = 4, 10
Inds = Callable[[], list[int]]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table of 40 rows: 4 commits, each with 10 rows of the next inds."""
    folder = tmp_path / "pin"
    for commit in range(COMMITS):
        inds = pa.array(range(commit * ROWS, (commit + 1) * ROWS), pa.int32())
        write_deltalake(folder, pa.table({"ind": inds}), mode="append")
    return folder


@pytest.fixture
def inds(table: Path, monkeypatch: pytest.MonkeyPatch) -> Inds:
    """Return what verify reads of the table: the inds of its rows."""

    def keys(*_: object) -> Iterator[str]:
        yield from (str(path) for path in sorted((table / "_delta_log").iterdir()))

    monkeypatch.setattr(delta_log, "log_keys", keys)
    monkeypatch.setattr(delta_log, "read_object", lambda _, __, key: Path(key).read_bytes())

    def read() -> list[int]:
        # The reader asks nothing of S3 but what the two replacements answer.
        names = delta_log.files(None, "bucket", "pin")  # type: ignore[arg-type]
        paths = [str(table / name.removeprefix("s3a://bucket/pin/")) for name in names]
        return sorted(parquet.dataset(paths, LocalFileSystem()).to_table()["ind"].to_pylist())

    return read


def test_a_table_is_read_as_delta_rs_reads_it(table: Path, inds: Inds) -> None:
    assert (
        inds() == sorted(DeltaTable(table).to_pyarrow_table()["ind"].to_pylist()) == [*range(COMMITS * ROWS)]
    )


def test_a_rewritten_table_is_read_as_delta_rs_reads_it(table: Path, inds: Inds) -> None:
    DeltaTable(table).delete("ind < 15")
    DeltaTable(table).create_checkpoint()
    write_deltalake(table, pa.table({"ind": pa.array([99], pa.int32())}), mode="append")
    assert inds() == sorted(DeltaTable(table).to_pyarrow_table()["ind"].to_pylist()) == [*range(15, 40), 99]


def test_rows_that_wrong_statistics_hide_from_delta_rs_are_read(table: Path, inds: Inds) -> None:
    _claim(table, COMMITS - 1, rows=0, highest=31)
    hidden = DeltaTable(table).to_pyarrow_dataset().to_table(filter=pc.field("ind") > 31)
    assert hidden.num_rows == 0
    assert [ind for ind in inds() if ind > 31] == [*range(32, 40)]


def test_a_commit_that_is_missing_from_the_log_is_an_error(table: Path, inds: Inds) -> None:
    _commit(table, 2).unlink()
    with pytest.raises(DeltaError, match="found gap"):
        DeltaTable(table)
    with pytest.raises(ValueError, match="pin lacks commit 2"):
        inds()


def test_the_first_commit_may_be_gone_once_a_checkpoint_covers_it(table: Path, inds: Inds) -> None:
    DeltaTable(table).create_checkpoint()
    _commit(table, 0).unlink()
    assert inds() == [*range(COMMITS * ROWS)]


def test_a_file_that_the_log_has_and_storage_has_not_is_an_error(table: Path, inds: Inds) -> None:
    next(table.glob("*.parquet")).unlink()
    assert len(DeltaTable(table).file_uris()) == COMMITS
    with pytest.raises(FileNotFoundError):
        inds()


def _commit(table: Path, version: int) -> Path:
    return table / "_delta_log" / f"{version:020}.json"


def _claim(table: Path, version: int, *, rows: int, highest: int) -> None:
    """Have a commit claim these statistics of the file that it adds."""
    actions = [json.loads(line) for line in _commit(table, version).read_text().splitlines()]
    for action in actions:
        if "add" in action:
            stats = json.loads(action["add"]["stats"]) | {"numRecords": rows}
            stats["maxValues"]["ind"] = highest
            action["add"]["stats"] = json.dumps(stats)
    _commit(table, version).write_text("".join(f"{json.dumps(action)}\n" for action in actions))
