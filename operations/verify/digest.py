"""The digest of a cleaned table's rows: 64 bits that Arrow and Postgres compute alike, whatever the rows' order.

It is the sum, modulo 2^64, of the first 8 bytes of the MD5 of each row as Postgres' function `record_send` writes it:
the number of columns, then of each the OID of its type, its length (-1 for null) and its value; numbers are big-endian.
So no two rows are written alike, and null is no value. A sum and not an exclusive or, in which a row that is there
twice would vanish; and the sums of parts add up to that of the whole.
"""

import hashlib
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql

from contracts.tables import DECLARATIONS, Column, Table, Type

MODULUS = 2**64
# The form of digests that are kept: another one makes them worthless.
FORM = "record_send 1"
# A Python object for each row is twice what Arrow has: 20,000 posts at a time are 30 MB of them.
_PIECE_ROWS = 20_000
# Whole numbers are compared as bigint, whatever their column's type; the OIDs are Postgres' own, and never change.
_CAST = {
    Type.INTEGER: "bigint",
    Type.BIGINT: "bigint",
    Type.DOUBLE: "float8",
    Type.TEXT: "text",
    Type.TIME: "timestamptz",
}
_OID = {"bigint": 20, "text": 25, "float8": 701, "timestamptz": 1184}
_POSTGRES_EPOCH = 946_684_800_000_000  # 2000-01-01, in microseconds since 1970


class Part(Protocol):
    """Some of a table's rows, whose digest is known."""

    @property
    def digest(self) -> int:
        """Their digest."""


def of_rows(rows: pa.Table, table: Table) -> int:
    """Return the digest of rows in the comparable form (`operations.verify.rows`)."""
    pieces = (rows.slice(first, _PIECE_ROWS) for first in range(0, rows.num_rows, _PIECE_ROWS))
    return sum(_of_piece(piece.combine_chunks(), table) for piece in pieces) % MODULUS


def of_parts(parts: Iterable[Part]) -> str:
    """Return the digest of all rows of the parts, in 16 hexadecimal digits."""
    return f"{sum(each.digest for each in parts) % MODULUS:016x}"


def in_postgres(table: Table) -> sql.Composable:
    """Return the aggregate that is the digest of a table's rows in Postgres, before it is taken modulo 2^64."""
    values = sql.SQL(", ").join(columns(table))
    return sql.SQL("sum(('x' || left(md5(record_send(ROW({}))), 16))::bit(64)::bigint)").format(values)


def columns(table: Table) -> Iterator[sql.Composable]:
    """Yield the expressions of the compared columns, of the types that the digest takes them to have."""
    for column in DECLARATIONS[table].columns:
        for expression, kind in _expressions(column):
            yield sql.SQL("{}::{}").format(expression, sql.SQL(_CAST[kind]))


def _expressions(column: Column) -> Iterator[tuple[sql.Composable, Type]]:
    name = sql.Identifier(column.name)
    if column.type == Type.DOUBLES:
        for position, _ in enumerate(column.elements, start=1):
            yield sql.SQL("({})[{}]").format(name, sql.Literal(position)), Type.DOUBLE
    else:
        yield name, column.type


def _of_piece(rows: pa.Table, table: Table) -> int:
    count = len(rows)
    digests = b"".join(map(_first_bytes, _records(rows, table).to_pylist()))
    return int(np.frombuffer(digests, ">u8", count).astype(np.uint64).sum(dtype=np.uint64))


def _first_bytes(record: bytes) -> bytes:
    return hashlib.md5(record, usedforsecurity=False).digest()[:8]


def _records(rows: pa.Table, table: Table) -> pa.Array:
    """Return each row as `record_send` writes it."""
    compared = DECLARATIONS[table].compared
    parts = [pa.scalar(_number(len(compared)), pa.large_binary())]
    for name, kind in compared.items():
        parts += _field(_chunk(rows[name]), kind)
    return pc.binary_join_element_wise(*parts, pa.scalar(b"", pa.large_binary()))


def _chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks else pa.array([], column.type)


def _field(values: pa.Array, kind: Type) -> tuple[pa.Array, pa.Array]:
    """Return the OID and length of each value, and its bytes, none for null."""
    body = _bytes(values, kind)
    lengths = pc.fill_null(pc.binary_length(body).cast(pa.int64()), -1).to_numpy()
    heads = np.empty((len(values), 2), ">i4")
    heads[:, 0], heads[:, 1] = _OID[_CAST[kind]], lengths
    return _fixed(heads, 8), pc.fill_null(body, pa.scalar(b"", pa.large_binary()))


def _bytes(values: pa.Array, kind: Type) -> pa.Array:
    """Return the values as bytes: 8 of each number or time, and of each text as Postgres holds it."""
    if kind == Type.TEXT:
        # Postgres has no NUL in a text: the sinks write it as an escape.
        return pc.replace_substring(values, "\0", r"\x00").cast(pa.binary()).cast(pa.large_binary())
    numbers = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
    if kind == Type.TIME:
        numbers = numbers - _POSTGRES_EPOCH
    if kind == Type.DOUBLE:  # of all that are not a number Postgres knows one
        numbers = np.where(np.isnan(numbers), np.nan, numbers)
    known = _fixed(numbers.astype(numbers.dtype.newbyteorder(">")), 8)
    return pc.if_else(pc.is_valid(values), known, pa.scalar(None, pa.large_binary()))


def _fixed(numbers: np.ndarray, width: int) -> pa.Array:
    """Return the bytes of each number, or of each row of numbers."""
    buffer = pa.py_buffer(np.ascontiguousarray(numbers).tobytes())
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(numbers), [None, buffer])
    return fixed.cast(pa.binary()).cast(pa.large_binary())


def _number(value: int) -> bytes:
    return value.to_bytes(4, "big")
