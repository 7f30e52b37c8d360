"""Rows merged into a Delta table of the batch path by delta-rs, and that Spark's merge comes to the same: on files."""

import shutil
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake
from pyarrow.fs import LocalFileSystem
from pyspark.sql import DataFrame, SparkSession

from spark_jobs.readers import parquet
from spark_jobs.sinks import copying
from spark_jobs.sinks.delta_writers import DeltaWriter, LocalWriter, SparkWriter, merge_arrow
from spark_jobs.streaming.delta import take_in

SCHEMA = pa.schema(
    {
        "ind": pa.int32(),
        "title": pa.string(),
        "source_partition": pa.int32(),
        "source_offset": pa.int64(),
    }
)
SPARK_SCHEMA = "ind int, title string, source_partition int, source_offset bigint"
# Columns of the types that the tables have beside those, with a null in each.
EVERY_TYPE = (
    "*",
    "if(ind % 3 = 0, null, ind * 10000000000) AS bigint",
    "if(ind % 4 = 0, null, ind / 7D) AS double",
    "if(ind % 5 = 0, null, array(ind / 7D, -0D)) AS doubles",
    "if(ind % 6 = 0, null, timestamp_micros(1000000000000001L * ind)) AS time",
)
LIMITED = ("ind", "source_partition", "source_offset")
Row = tuple[int, str | None, int, int]
PLACES = [(0, 4), (0, 5), (1, 4), (1, 5), (2, 0)]
# For each pair of places an ind: the place of the row that is there, and of the one that comes.
PAIRS = [*enumerate(product(PLACES, PLACES))]
THERE: list[Row] = [(ind, "old", *old) for ind, (old, _) in PAIRS]
COMING: list[Row] = [(ind, "new", *new) for ind, (_, new) in PAIRS]
KEPT = [
    new if new[:1:-1] >= old[:1:-1] else old for old, new in zip(THERE, COMING, strict=True)
]  # the higher offset, then the higher partition


class Local:
    """delta-rs, given the rows as Spark's writer is."""

    def replace(self, rows: DataFrame, path: str) -> None:
        """See DeltaWriter."""
        LocalWriter(None).replace(rows.toArrow(), path)

    def merge(self, rows: DataFrame, path: str, *how: Any, **more: Any) -> int:  # noqa: ANN401 - as DeltaWriter has it
        """See DeltaWriter."""
        return LocalWriter(None).merge(rows.toArrow(), path, *how, **more)


LOCAL = Local()
BOTH = [pytest.param(SparkWriter(), id="by Spark"), pytest.param(LOCAL, id="by delta-rs")]


def arrow(rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist([dict(zip(SCHEMA.names, row, strict=True)) for row in rows], SCHEMA)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "pin")


def make(path: str, *files: Sequence[Row]) -> None:
    """Make a table that has each of these lists of rows in a file of its own."""
    configuration = {"delta.dataSkippingStatsColumns": ",".join(LIMITED)}
    for rows in files:
        write_deltalake(path, arrow(rows), mode="append", configuration=configuration)


def merge(path: str, *rows: Row) -> int:
    return merge_arrow(arrow(rows), path, None)


def stored(path: str) -> list[Row]:
    rows = DeltaTable(path).to_pyarrow_table().select(SCHEMA.names).to_pylist()
    return sorted(tuple(row.values()) for row in rows)


def test_of_two_records_the_later_one_is_kept(path: str) -> None:
    make(path, THERE[::2], THERE[1::2])
    assert merge(path, *COMING) == sum(row[1] == "new" for row in KEPT)
    assert stored(path) == KEPT


def test_a_repeat_changes_no_row(path: str) -> None:
    """A run that was killed after Delta is done again: it finds the same rows its own, and counts them."""
    make(path, [(ind, "old", 0, ind) for ind in range(8)])
    assert [merge(path, (3, "new", 0, 10), (9, None, 1, 11)) for _ in range(3)] == [2, 2, 2]
    untouched: list[Row] = [(ind, "old", 0, ind) for ind in range(8) if ind != 3]
    assert stored(path) == sorted([*untouched, (3, "new", 0, 10), (9, None, 1, 11)], key=lambda row: row[0])


def test_no_rows_change_nothing(path: str) -> None:
    """A run all of whose records were rejected."""
    make(path, [(1, "old", 0, 1)])
    assert merge(path) == 0
    assert stored(path) == [(1, "old", 0, 1)]


def test_a_newer_column_is_added_and_null_in_the_rows_that_were_there(path: str) -> None:
    make(path, [(1, "old", 0, 1), (2, "old", 0, 2)])
    rows = arrow([(2, "new", 0, 3), (3, "new", 0, 4)]).append_column("board_name", pa.array(["cats", None]))
    assert merge_arrow(rows, path, None) == 2
    found = DeltaTable(path).to_pyarrow_table().select(["ind", "title", "board_name"]).to_pylist()
    assert sorted(tuple(row.values()) for row in found) == [
        (1, "old", None),
        (2, "new", "cats"),
        (3, "new", None),
    ]


def test_files_whose_keys_are_elsewhere_stay(path: str) -> None:
    make(path, *([(ind, "old", 0, ind) for ind in range(start, start + 100)] for start in (0, 100, 200)))
    versions = [set(DeltaTable(path).file_uris())]
    for ind in (150, 300):
        merge(path, (ind, "new", 0, 500))
        versions.append(set(DeltaTable(path).file_uris()))
    first, second, third = versions
    assert (len(first), len(first - second), len(second - third), len(third)) == (3, 1, 0, 4)


def test_a_file_without_limits_is_read(path: str) -> None:
    none = {"delta.dataSkippingNumIndexedCols": "0"}
    write_deltalake(path, arrow([(ind, "old", 0, ind) for ind in range(3)]), configuration=none)
    merge(path, (1, "new", 0, 9), (3, "new", 0, 10))
    assert stored(path) == [(0, "old", 0, 0), (1, "new", 0, 9), (2, "old", 0, 2), (3, "new", 0, 10)]


@pytest.mark.parametrize("length", [10, 40, 100])
def test_texts_as_keys_are_told_apart_to_their_ends(path: str, length: int) -> None:
    """The quarantine's keys have sequence numbers of 56 digits, which a file's limits may cut off."""
    first, second = (pa.table({"key": ["9" * length + end], "times": [1]}) for end in "18")
    for rows in (first, second, first, second):
        take_in(path, None, rows, ("key",))
    assert DeltaTable(path).to_pyarrow_table().num_rows == 2


def test_postgres_gets_the_texts_of_either_writer(path: str) -> None:
    make(path, [(1, "old\0", 0, 1), (2, "old", 0, 2)], [(1000, "old", 0, 3)])
    merge(path, (1, "new\0", 0, 50), (3, None, 0, 51), (4, "", 0, 52))
    files = [uri.removeprefix("file://") for uri in DeltaTable(path).file_uris()]
    for order in (files, files[::-1]):
        rows = parquet.dataset(order, LocalFileSystem()).to_table(columns=["ind", "title"])
        lines = b"".join(copying.to_csv(rows.to_batches())).splitlines()
        assert {*lines} == {b'1,"new\\x00"', b'2,"old"', b"3,", b'4,""', b'1000,"old"'}


@pytest.mark.parametrize("writer", BOTH)
def test_postgres_gets_rejected_records_of_either_writer(
    spark: SparkSession, path: str, writer: DeltaWriter[DataFrame]
) -> None:
    """Their reasons are a list of texts. A record that is rejected again has its new reasons."""
    schema = "topic string, partition int, offset bigint, reasons array<string>, raw string"
    first, again = (
        spark.createDataFrame([("t.pin", 0, 7, reasons, None), ("t.pin", 0, offset, [], "{")], schema)
        for reasons, offset in ((["not_json", "no_ind"], 8), (["tombstone"], 9))
    )
    writer.replace(first, path)
    writer.merge(again, path, ("topic", "partition", "offset"), later=None)
    files = [uri.removeprefix("file://") for uri in DeltaTable(path).file_uris()]
    rows = parquet.dataset(files, LocalFileSystem()).to_table()
    lines = b"".join(copying.to_csv(rows.to_batches())).splitlines()
    assert sorted(lines) == [
        b'"t.pin",0,7,"{tombstone}",',
        b'"t.pin",0,8,"{}","{"',
        b'"t.pin",0,9,"{}","{"',
    ]


def test_new_files_have_the_limits_of_their_keys_and_no_others(path: str) -> None:
    """Without the limits no later merge can skip a file; limits of all texts are dear."""
    make(path, [(1, "old", 0, 1)])
    merge(path, (1, "new", 0, 2), (2, "new", 1, 3))
    limits = pa.table(DeltaTable(path).get_add_actions(flatten=True))
    found = {name for name in limits.column_names if name.startswith(("min.", "max."))}
    assert found == {f"{end}.{name}" for end in ("min", "max") for name in LIMITED}
    assert None not in limits["max.ind"].to_pylist()


@pytest.fixture
def as_the_jobs_write(spark: SparkSession) -> Iterator[None]:
    """Times in microseconds: of INT96, Spark's default, delta-rs makes other dates beyond the years 1677 to 2262."""
    name = "spark.sql.parquet.outputTimestampType"
    before = spark.conf.get(name)
    spark.conf.set(name, "TIMESTAMP_MICROS")
    yield
    spark.conf.set(name, before or "INT96")


@pytest.mark.usefixtures("as_the_jobs_write")
@pytest.mark.parametrize("first", BOTH)
def test_both_come_to_the_same_and_each_takes_what_the_other_left(
    spark: SparkSession, path: str, tmp_path: Path, first: DeltaWriter[DataFrame]
) -> None:
    """With a column of every type that a table has."""
    there, coming = (
        spark.createDataFrame(rows, SPARK_SCHEMA).selectExpr(*EVERY_TYPE) for rows in (THERE, COMING)
    )
    first.replace(there, path)
    copied = str(shutil.copytree(path, tmp_path / "copy"))
    assert LOCAL.merge(coming, path) == SparkWriter().merge(coming, copied)
    both = [spark.read.format("delta").load(each).orderBy("ind").collect() for each in (path, copied)]
    assert both[0] == both[1]
    assert stored(path) == stored(copied) == KEPT
    again = [LOCAL.merge(coming, each) for each in (path, copied)]
    assert again == [sum(row[1] == "new" for row in KEPT)] * 2
    assert stored(path) == stored(copied) == KEPT


@pytest.mark.usefixtures("as_the_jobs_write")
def test_both_make_the_same_table(spark: SparkSession, tmp_path: Path) -> None:
    """Its columns, its properties and its rows; of a table that was there before with other columns too."""
    rows = spark.createDataFrame(THERE, SPARK_SCHEMA).selectExpr(*EVERY_TYPE)
    made = []
    for name, writer in (("spark", SparkWriter()), ("delta-rs", LOCAL)):
        folder = str(tmp_path / name)
        writer.replace(spark.createDataFrame([(1, "a")], "ind int, former string"), folder)
        writer.replace(rows, folder)
        found = spark.read.format("delta").load(folder)
        properties = DeltaTable(folder).metadata().configuration
        made.append((found.schema, properties, sorted(found.collect()), limited_columns(folder)))
    assert made[0] == made[1]


def limited_columns(path: str) -> set[str]:
    """Return the columns of whose values a table's log has the least."""
    actions = pa.table(DeltaTable(path).get_add_actions(flatten=True))
    return {name for name in actions.column_names if name.startswith("min.")}
