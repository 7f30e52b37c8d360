"""Source rows from a folder of the user's own: pinterest_data.jsonl, geolocation_data.jsonl, user_data.jsonl."""

import codecs
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_ISREG

import msgspec

from common.surrogates import breaking_half
from common.user_folder import closed_to_us
from contracts.rows import ROW_TYPES, TABLE_NAMES, Row, columns
from contracts.tables import Table

BLOCK = 1_000


class SourceError(Exception):
    """The source rows cannot be loaded; the message says which, where and what is expected."""


def source_file(table: Table, folder: Path) -> Path:
    """The file of a table.

    Raises:
        SourceError: there is none, or this account may not look for it.
    """
    path = folder / f"{TABLE_NAMES[table]}.jsonl"
    with _readable(path):
        found = _is_file(path)
    if not found:
        names = ", ".join(f"{name}.jsonl" for name in TABLE_NAMES.values())
        raise SourceError(f"SOURCE_DIR: there is no {path}; expected {names}")
    return path


def read(table: Table, folder: Path) -> Iterator[list[Row]]:
    """The rows of a table in the file's order, in blocks of at most BLOCK; row n is line n.

    Raises:
        SourceError: a line is malformed or repeats a key, or the file is not there or not readable.
    """
    path = source_file(table, folder)
    decoder = msgspec.json.Decoder(ROW_TYPES[table])
    lines: dict[int, int] = {}  # by key
    block: list[Row] = []
    with _readable(path), path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            block.append(_row(line, decoder, table, f"{path}, line {number}"))
            _note_key(getattr(block[-1], columns(table)[0]), number, lines, path)
            if len(block) == BLOCK:
                yield block
                block = []
    if block:
        yield block


def _is_file(path: Path) -> bool:
    """As Path.is_file, which in newer versions of Python says no where it may not look."""
    try:
        return S_ISREG(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        return False


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what the system says of a file that it does not give into what to do about it."""
    try:
        yield
    except OSError as error:
        raise SourceError(closed_to_us("SOURCE_DIR", path, error)) from error


def _row(line: bytes, decoder: msgspec.json.Decoder[Row], table: Table, where: str) -> Row:
    try:
        return decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        expected = f"a JSON object of {', '.join(columns(table))}, times as 2020-08-28T03:52:47"
        raise SourceError(f"{where}: {_reason(line, error)}. Expected {expected}.") from error


def _reason(line: bytes, error: Exception) -> str:
    """Return what is wrong with a line, where the JSON reader's words do not tell."""
    if not line.strip():
        return "the line is blank"
    if line.startswith(codecs.BOM_UTF8):
        return "it begins with a byte order mark; save the file as UTF-8 without one"
    return str(breaking_half(line) or error)


def _note_key(key: int, number: int, lines: dict[int, int], path: Path) -> None:
    if key in lines:
        raise SourceError(f"{path}, line {number}: key {key} again; line {lines[key]} has it already")
    lines[key] = number
