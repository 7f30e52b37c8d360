"""Bulk loading of rows into MySQL: LOAD DATA from temporary files, one written while another is loaded."""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import mysql.connector
from msgspec.structs import astuple
from mysql.connector import errorcode

from contracts.rows import TABLE_NAMES, Row, columns
from contracts.tables import Table
from services.source.source_dir import SourceError

FILE_ROWS = 20_000  # 12 MB of posts: large enough for MySQL, small enough for memory and disk


def load_rows(
    connection: Any,  # noqa: ANN401 - untyped library
    table: Table,
    blocks: Iterable[list[Row]],
    loaded: Callable[[int], None],
) -> None:
    """Load all rows into the table of the connection's database, one transaction per FILE_ROWS.

    Args:
        connection: to MySQL, with autocommit and allow_local_infile; the server's local_infile is on.
        table: which one.
        blocks: its rows.
        loaded: told the number of rows of every file that is in.

    Raises:
        SourceError: MySQL took a row otherwise than it was given, or there is no room for the files.
    """
    with _temporary_folder() as folder, ThreadPoolExecutor(max_workers=1) as worker:
        under_way: Future[None] | None = None
        first = 1
        for path, count in write_files(blocks, folder):
            if under_way:
                under_way.result()
            under_way = worker.submit(load_file, connection, table, path, first, count, loaded)
            first += count
        if under_way:
            under_way.result()


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder for the files; what the system says of them is turned into what to do about it."""
    try:
        with TemporaryDirectory() as folder:
            yield Path(folder)
    except OSError as error:
        place = os.environ.get("TMPDIR", "/tmp")  # noqa: S108 - only told
        told = f"the rows' files for MySQL cannot be written to {place} (TMPDIR): {error.strerror or error}"
        raise SourceError(f"{told}. Make room there, then `make up`") from error


def write_files(blocks: Iterable[list[Row]], folder: Path) -> Iterator[tuple[Path, int]]:
    """Write the rows to files of at most FILE_ROWS in LOAD DATA's default format; each with its number of rows."""
    remaining = iter(blocks)
    block = next(remaining, None)
    number = 0
    while block:
        path, count, number = folder / f"{number}.tsv", 0, number + 1
        with path.open("wb") as file:
            while block and count < FILE_ROWS:
                file.write(to_tsv(block))
                count += len(block)
                block = next(remaining, None)
        yield path, count


def load_file(  # noqa: PLR0913, PLR0917
    connection: Any,  # noqa: ANN401
    table: Table,
    path: Path,
    first: int,
    count: int,
    loaded: Callable[[int], None],
) -> None:
    """Load a file of `count` rows, whose first one is row `first` of all, and remove it.

    Raises:
        SourceError: MySQL took a row otherwise than it was given, or has no room for it.
    """
    names = ", ".join(f"`{name}`" for name in columns(table))
    # Names of tables and columns are this project's own constants; values never become SQL text here.
    statement = f"LOAD DATA LOCAL INFILE %s INTO TABLE {TABLE_NAMES[table]} CHARACTER SET utf8mb4 ({names})"
    with connection.cursor() as cursor:
        with _disk_explained():
            cursor.execute(statement, (str(path),))
        if cursor.warning_count or cursor.rowcount != count:
            # LOCAL turns errors into warnings, and a row that does not fit into a row that does.
            raise SourceError(f"{TABLE_NAMES[table]}, rows from {first} on: {_warnings(cursor)}")
    path.unlink()
    loaded(count)


@contextmanager
def _disk_explained() -> Iterator[None]:
    """Name the disk where MySQL says of it that a table is full."""
    try:
        yield
    except mysql.connector.Error as error:
        if error.errno != errorcode.ER_RECORD_FILE_FULL:
            raise
        raise SourceError(f"MySQL's disk is full: {error.msg}. Free disk, then `make up`") from None


def _warnings(cursor: Any) -> str:  # noqa: ANN401
    cursor.execute("SHOW WARNINGS LIMIT 3")
    return (
        "; ".join(message for _, _, message in cursor.fetchall()) or "MySQL took fewer rows than it was given"
    )


def to_tsv(rows: Iterable[Row]) -> bytes:
    """The rows in LOAD DATA's default format: tabs, newlines, backslash escapes, \\N for null; UTF-8."""
    return "".join("\t".join(map(_field, astuple(row))) + "\n" for row in rows).encode()


def _field(value: object) -> str:
    if isinstance(value, str):
        # Four passes take a quarter of the time of str.translate.
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\0", "\\0")
    return "\\N" if value is None else str(value)
