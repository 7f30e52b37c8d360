"""The batch job's pure parts: lines to records, CSV for COPY, its file, causes, summary, progress."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import pyarrow as pa
import pytest
import rich.console
from psycopg2 import InterfaceError
from psycopg2.errors import DiskFull, InFailedSqlTransaction
from pyspark.sql import SparkSession
from pyspark.sql.pandas.types import to_arrow_schema

from common.batch_progress import Position, Progress
from common.settings import ROOT
from common.terminal import make_console
from contracts import landing
from contracts.run_counts import OffsetRange, TableRunCounts
from operations import quarantine
from spark_jobs.batch import summary
from spark_jobs.batch.landing import LandedObject, LandingError, bounded_by_next, landed_object
from spark_jobs.batch.plan import Plan
from spark_jobs.batch.run import Report, after, first_failure
from spark_jobs.batch.steps import StepFailedError, Steps, reason
from spark_jobs.readers.landing_zone import fetch_ahead, to_records
from spark_jobs.readers.parquet import from_ranges
from spark_jobs.schemas import kinds, landed
from spark_jobs.sinks.copying import ChunkReader, to_csv

ROW = {"topic": "t.pin", "partition": 2, "start": 100, "key": "k", "end": 10**10}
KINDS = kinds("pin")


def test_line_k_is_the_record_of_offset_start_plus_k() -> None:
    records = to_records(ROW, b'{"a": 1}\n\nnull\n', KINDS).to_pylist()
    assert [(each["offset"], each["value"]) for each in records] == [
        (100, '{"a": 1}'),
        (101, ""),
        (102, "null"),
    ]
    assert {(each["topic"], each["partition"], each["start"], each["lines"]) for each in records} == {
        ("t.pin", 2, 100, 3)
    }


def test_records_have_the_declared_columns(spark: SparkSession) -> None:
    declared = to_arrow_schema(spark.createDataFrame([], landed("pin")).schema, timezone="UTC")
    for line in (b"1\n", b'{"index": 1}\n'):
        assert to_records(ROW, line, KINDS).schema == declared


def test_only_a_newline_ends_a_line() -> None:
    line = "a\r\x0b\x0c\x85\u2028b\x00"
    assert to_records(ROW, f"{line}\n".encode(), KINDS)["value"].to_pylist() == [line]


def test_bytes_that_are_not_utf8_become_escapes() -> None:
    assert to_records(ROW, b"a\xffb\nok\n", KINDS)["value"].to_pylist() == ["a\\xffb", "ok"]


def test_workers_read_objects_without_pandas() -> None:
    # Arrow loads it for objects of Python and numpy: a second of CPU in each worker.
    program = f"""
import sys
import pyarrow as pa
kinds = pa.schema({{"index": pa.int32(), "title": pa.string()}})
from spark_jobs.readers.landing_zone import to_records
assert to_records({ROW}, b'{{"index": 1}}\\n', kinds)["plain"].null_count == 0
assert to_records({ROW}, b"1\\n", kinds)["plain"].null_count == 1
sys.exit("pandas" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)


def test_an_object_that_is_cut_short_is_refused_with_the_way_back() -> None:
    with pytest.raises(ValueError, match=r"k does not end in a newline: it is not whole\. Move it"):
        to_records(ROW, b"1\n2", KINDS)


@pytest.mark.parametrize("body", [b"1\n", b"1\n2\n3\n"])
def test_an_object_of_another_length_than_was_put_is_refused_with_the_way_back(body: bytes) -> None:
    assert to_records(ROW | {"next": "102"}, b"1\n2\n", KINDS).num_rows == 2
    with pytest.raises(ValueError, match=r"k holds offsets up to 10[13], 102 when it was put: .*\. Move it"):
        to_records(ROW | {"next": "102"}, body, KINDS)


def test_an_object_that_reaches_into_the_next_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"k holds offsets up to 103, the next object begins at 102\. Move it"
    ):
        to_records(ROW | {"end": 102}, b"1\n2\n3\n", KINDS)


def test_objects_come_in_order_and_few_are_held() -> None:
    asked: list[int] = []

    def rows() -> Iterator[dict[str, Any]]:
        for number in range(100):
            asked.append(number)
            yield {"key": number}

    fetched = fetch_ahead(lambda row: (row, b""), rows())
    assert next(fetched)[0] == {"key": 0}
    assert len(asked) < 10
    assert [row["key"] for row, _ in fetched] == list(range(1, 100))


def test_an_object_ends_where_the_next_begins() -> None:
    objects = [LandedObject("t", 0, start, "k", 1) for start in (0, 7, 9)]
    assert [each.end for each in bounded_by_next(objects)] == [7, 9, landing.MAX_OFFSET + 1]
    assert bounded_by_next([]) == []


def test_a_foreign_key_in_the_landing_zone_is_named() -> None:
    with pytest.raises(LandingError, match=r"topics/t/partition=0/notes\.txt"):
        landed_object("topics/t/partition=0/notes.txt", 1)


def test_csv_is_what_copy_reads() -> None:
    batch = pa.RecordBatch.from_pydict(
        {
            "n": [1, None],
            "t": ['a "q", b\\', None],
            "e": ["", "\\.\0"],
            "w": [datetime(2020, 1, 2, tzinfo=UTC), None],
            "c": [[-1.5, 1e-05], None],
            "r": [["not_json"], []],
        }
    )
    first, second = b"".join(to_csv([batch])).decode().splitlines()
    assert first == '1,"a ""q"", b\\","",2020-01-02 00:00:00.000000Z,"{-1.5,0.00001}","{not_json}"'
    assert second == ',,"\\.\\x00",,,"{}"'


@pytest.mark.parametrize("at", range(3))
def test_nul_is_found_in_a_piece_of_a_column(at: int) -> None:
    texts = pa.array([None if at else "a", "b\0", "", "c"])
    pieces = [pa.RecordBatch.from_arrays([texts.slice(begin, 1)], ["t"]) for begin in range(4)]
    nothing, rest = pa.RecordBatch.from_arrays([texts.slice(at, 0)], ["t"]), pieces[at:]
    expected = ["" if at else '"a"', r'"b\x00"', '""', '"c"'][at:]
    assert b"".join(to_csv([nothing, *rest])).decode().splitlines() == expected


def test_only_rows_of_the_ranges_are_taken() -> None:
    ranges = [OffsetRange("t.pin", 0, 5, 7), OffsetRange("t.geo", 1, 0, 1)]
    rows = pa.table(
        {
            "topic": ["t.pin", "t.pin", "t.pin", "t.pin", "t.geo", "t.geo"],
            "partition": [0, 0, 0, 1, 1, 0],
            "offset": [4, 5, 7, 0, 0, 5],
        }
    )
    by_topic = rows.filter(from_ranges(ranges, "partition", "offset", "topic"))
    assert [tuple(row.values()) for row in by_topic.to_pylist()] == [("t.pin", 0, 5), ("t.geo", 1, 0)]
    assert rows.filter(from_ranges(ranges, "partition", "offset")).num_rows == 4


@pytest.mark.parametrize("size", [1, 2, 3, 100])
def test_pieces_give_all_bytes_in_any_size_and_skip_empty_chunks(size: int) -> None:
    pieces = ChunkReader([b"", b"abc", b"", b"de", b"f"])
    assert b"".join(iter(lambda: pieces.read(size), b"")) == b"abcdef"
    assert pieces.read(size) == b""


def test_a_failed_step_is_named_with_its_cause_and_timed() -> None:
    steps = Steps("pin")
    with pytest.raises(StepFailedError, match="pin: serve: disk full"), steps("serve"):
        raise OSError("disk full")
    assert steps.seconds["serve"] >= 0


def test_of_a_workers_traceback_the_last_error_is_the_cause() -> None:
    text = 'Job aborted\nTraceback (most recent call last):\n  File "x"\nValueError: k is not whole\n\nJVM: at a.b'
    assert reason(RuntimeError(text)) == "ValueError: k is not whole"
    assert reason(RuntimeError("")) == "RuntimeError"


def test_of_javas_causes_the_last_one_is_told() -> None:
    text = (
        "An error occurred while calling o1.collect.\n: org.apache.spark.SparkException: Job aborted: Lost task\n"
        "\tat a.b(C.scala:1)\nCaused by: java.io.IOException: No space left on device\n\tat a.b(C.scala:1)\n"
    )
    assert reason(RuntimeError(text)) == "java.io.IOException: No space left on device"


def test_what_postgres_says_is_said_to_be_its_own() -> None:
    full = DiskFull(
        'could not extend file "base/1": No space left on device\nHINT:  Check free disk space.\n'
    )
    assert reason(full) == 'Postgres: could not extend file "base/1": No space left on device'


def test_of_errors_on_one_connection_the_first_one_is_told() -> None:
    def failed(cause: Exception) -> StepFailedError:
        error = StepFailedError(str(cause))
        error.__cause__ = cause
        return error

    after_it, full, closed = map(failed, (InFailedSqlTransaction(), DiskFull(), InterfaceError()))
    assert first_failure([None, after_it, full, closed]) is full
    assert first_failure([closed]) is closed
    assert first_failure([]) is None


PLAN = Plan(
    "incremental",
    {"pin": [LandedObject("t.pin", 0, 5, "key5", 1, 8), LandedObject("t.pin", 0, 8, "key8", 1)]},
    Progress({"t.pin": {0: Position("key0", 5), 1: Position("other", 3)}, "t.geo": {0: Position("g", 1)}}),
    replace=False,
)
ACCOUNT = TableRunCounts(
    "pin",
    (OffsetRange("t.pin", 0, 5, 12, missing=2),),
    *(5, 3, 1, 1),
    reasons={"not_json": 1},
    warnings={"follower_count_unreadable": 1},
    seconds={"serve": 1.25},
)


def test_progress_moves_on_where_something_was_read_and_stays_elsewhere() -> None:
    assert after(PLAN, [ACCOUNT]) == Progress(
        {"t.pin": {0: Position("key8", 12), 1: Position("other", 3)}, "t.geo": {0: Position("g", 1)}}
    )


def test_progress_survives_its_encoding() -> None:
    encoded = msgspec.json.encode(PLAN.progress)
    assert msgspec.json.decode(encoded, type=Progress) == PLAN.progress
    assert json.loads(encoded)["positions"]["t.pin"]["0"] == {"key": "key0", "next_offset": 5}


def test_summary_shows_counts_reasons_gaps_and_where_to_look() -> None:
    text = io.StringIO()
    steps = Steps("batch")
    steps.seconds["tables"] = 2.0
    summary.show(make_console(file=text, width=120), Report(7, PLAN, [ACCOUNT], steps))
    shown = text.getvalue()
    for expected in (
        *("not_json 1", "follower_count_unreadable 1", "make quarantine", "run 7", "1.2"),
        "2 of the offsets 5 to 11 never landed",
    ):
        assert expected in shown
    assert [
        cell.strip() for cell in next(line for line in shown.splitlines() if "pin" in line).split("│")[1:6]
    ] == [*("pin", "5", "3", "1", "1")]


@pytest.mark.parametrize(
    ("replace_rows", "said"),
    [(True, "The first run: all that has landed"), (False, "as after each restart of LocalStack")],
)
def test_a_first_run_is_said_calmly(replace_rows: bool, said: str) -> None:
    text = io.StringIO()
    plan = replace(PLAN, mode="rebuild", replace=replace_rows)
    summary.show(rich.console.Console(file=text, width=80), Report(7, plan, [ACCOUNT], Steps("batch")))
    assert said in text.getvalue()
    assert "lost" not in text.getvalue()


def test_quarantined_text_is_shown_as_it_is_and_cut() -> None:
    text = io.StringIO()
    row = (datetime(2020, 1, 2, tzinfo=UTC), "t.pin[0] offset 3", ["not_json"], "[bold]" + "x" * 500)
    quarantine.show(make_console(file=text, width=400), [row])
    assert "[bold]" + "x" * 194 + "..." in text.getvalue()


def test_a_rejected_record_is_a_block_that_fits_80_columns_and_folds_no_word() -> None:
    text = io.StringIO()
    raw = '{"index": 7, "title": "' + "some words " * 30 + '"}'
    number = "49590338271490256608559692538361571095921575989136588898"
    source = f"streaming-0a1b2c3d4e5f-pin shardId-000000000000 number {number}"
    rows = [
        (
            datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
            source,
            ["latitude_out_of_range", "timestamp_unreadable"],
            raw,
        ),
        (datetime(2020, 1, 2, tzinfo=UTC), "0a1b2c3d4e5f.pin[0] offset 3", ["not_json"], None),
    ]
    quarantine.show(make_console(file=text, width=80), rows)
    lines = [line.rstrip() for line in text.getvalue().splitlines()]
    assert max(map(len, lines)) <= 80
    assert lines[0] == "2020-01-02 03:04:05 UTC  latitude_out_of_range, timestamp_unreadable"
    block = " ".join(line.strip() for line in lines[1 : lines.index("2020-01-02 00:00:00 UTC  not_json")])
    assert block.split() == [*source.split(), *f"{raw[:200]}...".split()]
    assert "  0a1b2c3d4e5f.pin[0] offset 3" in lines
