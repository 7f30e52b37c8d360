"""Source rows from a folder of the user's own: pinterest_data.jsonl, geolocation_data.jsonl, user_data.jsonl."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from services.common.settings import Table
from services.mysql.rows import ROW_TYPES, TABLE_NAMES, Row, columns

BLOCK = 1_000


class SourceError(Exception):
    """The source rows cannot be loaded; the message says which, where and what is expected."""


def source_file(table: Table, folder: Path) -> Path:
    """The file of a table.

    Raises:
        SourceError: there is none.
    """
    path = folder / f"{TABLE_NAMES[table]}.jsonl"
    if not path.is_file():
        names = ", ".join(f"{name}.jsonl" for name in TABLE_NAMES.values())
        raise SourceError(f"SOURCE_DIR: there is no {path}; expected {names}")
    return path


def read(table: Table, folder: Path) -> Iterator[list[Row]]:
    """The rows of a table in the file's order, in blocks of at most BLOCK; row n is line n.

    Raises:
        SourceError: a line is malformed or repeats a key, or there is no such file.
    """
    path = source_file(table, folder)
    decoder = msgspec.json.Decoder(ROW_TYPES[table])
    lines: dict[int, int] = {}  # by key
    block: list[Row] = []
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            block.append(_row(line, decoder, table, f"{path}, line {number}"))
            _note_key(getattr(block[-1], columns(table)[0]), number, lines, path)
            if len(block) == BLOCK:
                yield block
                block = []
    if block:
        yield block


def _row(line: bytes, decoder: msgspec.json.Decoder[Row], table: Table, where: str) -> Row:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        expected = f"a JSON object of {', '.join(columns(table))}, times as 2020-08-28T03:52:47"
        raise SourceError(f"{where}: {error}. Expected {expected}.") from error


def _note_key(key: int, number: int, lines: dict[int, int], path: Path) -> None:
    if key in lines:
        raise SourceError(f"{path}, line {number}: key {key} again; line {lines[key]} has it already")
    lines[key] = number
