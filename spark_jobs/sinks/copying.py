"""Rows into Postgres by COPY, the way to bring in many at once: from pieces of CSV, into a table or beside it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from pyarrow import csv

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812

_COPY_BUFFER_BYTES = 1024**2
# pyarrow quotes every text and no null, which is how COPY's CSV tells '' from null.
_OPTIONS = csv.WriteOptions(include_header=False)


@dataclass(frozen=True)
class Target:
    """A table that takes rows: its name, its columns in the order of the rows, and its key."""

    schema: str
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @property
    def identifier(self) -> sql.Identifier:
        """The quoted name."""
        return sql.Identifier(self.schema, self.name)

    @property
    def staging(self) -> sql.Identifier:
        """The quoted name of the temporary table in which rows wait to be merged."""
        return sql.Identifier("pg_temp", f"staged_{self.schema}_{self.name}")


def create_staging(
    cursor: "PostgresCursor", target: Target, on_commit: Literal["DELETE ROWS", "DROP"] = "DELETE ROWS"
) -> None:
    """Make the target's staging table, for the connection's life or for the transaction's (`DROP`)."""
    cursor.execute(
        sql.SQL("CREATE TEMPORARY TABLE {} ON COMMIT {} AS SELECT {} FROM {} WITH NO DATA").format(
            target.staging, sql.SQL(on_commit), names(target.columns), target.identifier
        )
    )


def stage(cursor: "PostgresCursor", target: Target, rows: pa.Table, *more: str) -> None:
    """COPY the target's columns of the rows, and more of them, into its staging table."""
    columns = [*target.columns, *more]
    copy(cursor, target.staging, columns, to_csv(rows.select(columns).to_batches()))


def copy(
    cursor: "PostgresCursor",
    into: sql.Identifier,
    columns: Iterable[str],
    chunks: Iterable[bytes],
    *,
    freeze: bool = False,
) -> int:
    """COPY the rows; returns how many.

    Args:
        chunks: CSV of the columns, in pieces that end anywhere.
        freeze: the table was emptied in this transaction, so nobody else can see it.
    """
    command = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, FREEZE {})").format(
        into, names(columns), sql.Literal(freeze)
    )
    cursor.copy_expert(command, ChunkReader(chunks), _COPY_BUFFER_BYTES)
    return cursor.rowcount


def to_csv(batches: Iterable[pa.RecordBatch]) -> Iterator[bytes]:
    """Each batch as CSV, without a header."""
    for batch in batches:
        sink = pa.BufferOutputStream()
        csv.write_csv(
            pa.RecordBatch.from_arrays([*map(_plain, batch.columns)], batch.schema.names), sink, _OPTIONS
        )
        yield sink.getvalue().to_pybytes()


def _plain(column: pa.Array) -> pa.Array:
    """A column as Postgres takes it: arrays in braces, and NUL, which its text cannot hold, as `\\x00`."""
    if pa.types.is_list(column.type):
        # The elements are numbers or codes: they need no quotes.
        elements = pc.binary_join(column.cast(pa.list_(pa.string())), ",")
        return pc.binary_join_element_wise("{", elements, "}", "")
    if pa.types.is_string(column.type) and _holds_nul(column):
        return pc.replace_substring(column, "\0", r"\x00")
    return column


def _holds_nul(texts: pa.StringArray) -> bool:
    """Return whether one of the texts holds NUL, asked of all their bytes at once: nearly none does."""
    _, ends, content = texts.buffers()
    if not (len(texts) and content):
        return False
    first, last = np.frombuffer(ends, np.int32)[[texts.offset, texts.offset + len(texts)]]
    return bool(np.frombuffer(content, np.uint8)[first:last].min(initial=1) == 0)


def upsert(target: Target, rows: sql.Composable) -> sql.Composed:
    """The statement that inserts the rows or updates those of their key.

    Rows that are there already, value for value, are left alone: a repeat leaves no dead rows behind.

    Args:
        rows: what follows FROM; it has the target's columns.
    """
    others = [name for name in target.columns if name not in target.key]
    return sql.SQL(
        "INSERT INTO {table} AS old ({all}) SELECT {all} FROM {rows}"
        " ON CONFLICT ({key}) DO UPDATE SET ({others}) = ROW({new})"
        " WHERE ({old}) IS DISTINCT FROM ({new})"
    ).format(
        table=target.identifier,
        all=names(target.columns),
        rows=rows,
        key=names(target.key),
        others=names(others),
        old=names(others, "old"),
        new=names(others, "excluded"),
    )


def names(columns: Iterable[str], *of: str) -> sql.Composed:
    """The quoted names, with commas between; each with the name of its table before it, if that is given."""
    return sql.SQL(", ").join(sql.Identifier(*of, column) for column in columns)


class ChunkReader:
    """The chunks as the file that psycopg2's COPY reads from."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = filter(None, chunks)
        self._rest = memoryview(b"")

    def read(self, size: int = -1) -> bytes:
        """At most `size` bytes; none at the end."""
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        piece, self._rest = self._rest[:size], self._rest[size:]
        return bytes(piece)

    readline = read  # psycopg2's stubs ask for it; COPY reads by size
