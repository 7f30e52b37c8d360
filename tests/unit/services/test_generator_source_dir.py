"""SOURCE_DIR: rows of the user's own, refused with the file, the line and what is expected."""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from contracts.rows import columns
from contracts.tables import Table
from services.source.source_dir import BLOCK, SourceError, read
from tests.closed_files import closed, open_folder
from tests.source_rows import source_row

GEO = {"ind": 7, "timestamp": "2020-08-28T03:52:47", "latitude": 1.5, "longitude": -2, "country": "Peru"}


def write(folder: Path, *lines: object) -> Path:
    texts = (line if isinstance(line, bytes) else msgspec.json.encode(line) for line in lines)
    path = folder / "geolocation_data.jsonl"
    path.write_bytes(b"".join(text + b"\n" for text in texts))
    return path


def load(folder: Path, table: Table = "geo") -> list[Any]:
    return [row for block in read(table, folder) for row in block]


def test_rows_are_read_in_the_order_of_the_file(tmp_path: Path) -> None:
    write(tmp_path, GEO, {**GEO, "ind": -3, "timestamp": "2020-08-28 03:52:47", "country": None})
    time = datetime(2020, 8, 28, 3, 52, 47)
    assert load(tmp_path) == [
        source_row("geo", 7, timestamp=time, latitude=1.5, longitude=-2.0, country="Peru"),
        source_row("geo", -3, timestamp=time, latitude=1.5, longitude=-2.0),
    ]


def test_blocks_bound_the_memory(tmp_path: Path) -> None:
    write(tmp_path, *({**GEO, "ind": ind} for ind in range(BLOCK + 1)))
    assert [len(block) for block in read("geo", tmp_path)] == [BLOCK, 1]


def test_a_last_line_needs_no_newline(tmp_path: Path) -> None:
    (tmp_path / "user_data.jsonl").write_text(
        '{"ind":1,"first_name":"","last_name":null,"age":null,"date_joined":null}'
    )
    assert load(tmp_path, "user") == [source_row("user", 1, first_name="")]


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        (b"", "the line is blank"),
        (b" \t\r", "the line is blank"),
        (b"\xef\xbb\xbf" + msgspec.json.encode(GEO), "byte order mark"),
        (msgspec.json.encode(GEO).replace(b"Peru", rb"\ud83d"), r"\ud83d (byte 84) is half a surrogate pair"),
        (msgspec.json.encode(GEO).replace(b"Peru", rb"\ude00 and so on"), r"\ude00 (byte 84) is half a"),
        (msgspec.json.encode(GEO).replace(b"Peru", rb"\ud83d") + b"}", "malformed"),
        (b"{", "truncated"),
        (b"not json", "malformed"),
        (b"\xff", "malformed"),
        (b'"\xff"', "object"),
        ([], "object"),
        ({**GEO, "ind": "7"}, "$.ind"),
        ({**GEO, "ind": 7.0}, "$.ind"),
        ({**GEO, "ind": True}, "$.ind"),
        ({**GEO, "ind": None}, "$.ind"),
        ({**GEO, "ind": 2**31}, "$.ind"),
        ({**GEO, "latitude": "1.5"}, "$.latitude"),
        ({**GEO, "timestamp": "2020-08-28"}, "$.timestamp"),
        ({**GEO, "timestamp": "2020-08-28T03:52:47Z"}, "$.timestamp"),
        ({**GEO, "timestamp": 1598586767}, "$.timestamp"),
        ({**GEO, "index": 7}, "index"),
        ({"ind": 7}, "timestamp"),
        (msgspec.json.encode(GEO).replace(b"1.5", b"NaN"), "malformed"),
        (msgspec.json.encode(GEO).replace(b"1.5", b"1e999"), "$.latitude"),
        (msgspec.json.encode(GEO).replace(b"Peru", b"\xff"), "invalid start byte"),
        (msgspec.json.encode(GEO) + b" {}", "trailing"),
    ],
)
def test_a_malformed_line_is_named_with_what_is_expected(
    tmp_path: Path, line: object, complaint: str
) -> None:
    path = write(tmp_path, {**GEO, "ind": 1}, line, GEO)
    with pytest.raises(SourceError) as failure:
        load(tmp_path)
    message = str(failure.value)
    assert f"{path}, line 2: " in message
    assert complaint in message
    assert ", ".join(columns("geo")) in message


def test_a_repeated_key_names_both_lines(tmp_path: Path) -> None:
    path = write(tmp_path, {**GEO, "ind": 1}, GEO, {**GEO, "ind": 2}, {**GEO, "country": "Chad"})
    with pytest.raises(SourceError) as failure:
        load(tmp_path)
    assert str(failure.value) == f"{path}, line 4: key 7 again; line 2 has it already"


@pytest.fixture
def folder() -> Iterator[Path]:
    with open_folder() as path:
        yield path


@pytest.mark.parametrize("close_folder", [False, True])
def test_a_file_that_this_account_may_not_read_is_named_with_the_way_out(
    folder: Path, close_folder: bool
) -> None:
    path = write(folder, GEO)
    with closed(folder if close_folder else path), pytest.raises(SourceError) as failure:
        load(folder)
    message = str(failure.value)
    assert re.match(rf"SOURCE_DIR: account \d+ cannot read {path}: Permission denied\.", message)
    assert "chmod -R a+rX" in message
    assert "chcon -R -t container_file_t" in message


def test_a_missing_file_is_named_with_all_that_are_expected(tmp_path: Path) -> None:
    with pytest.raises(SourceError) as failure:
        load(tmp_path, "pin")
    message = str(failure.value)
    assert str(tmp_path / "pinterest_data.jsonl") in message
    assert "expected pinterest_data.jsonl, geolocation_data.jsonl, user_data.jsonl" in message
