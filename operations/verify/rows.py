"""A cleaned table's rows in one form, whether Delta or Postgres has them; and their checksum. Pure: no I/O."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from contracts.tables import DECLARATIONS, Column, Table, Type

# In the comparable form whole numbers have 64 bits, a time is its microseconds, and an array is a column a number.
_TYPES = {
    Type.INTEGER: pa.int64(),
    Type.BIGINT: pa.int64(),
    Type.DOUBLE: pa.float64(),
    Type.TEXT: pa.string(),
    Type.TIME: pa.int64(),
}
# A Python object for each text is ten times what Arrow has: 20,000 posts at a time are 30 MB of them.
HASHED_ROWS = 20_000


def comparable_names(table: Table) -> list[str]:
    """The columns of the comparable form."""
    return [*DECLARATIONS[table].compared]


def empty(table: Table) -> pa.Table:
    """Return no rows, in the comparable form."""
    return pa.table({name: pa.array([], kind) for name, kind in _comparable_types(table).items()})


def _comparable_types(table: Table) -> dict[str, pa.DataType]:
    return {name: _TYPES[kind] for name, kind in DECLARATIONS[table].compared.items()}


def comparable(rows: pa.Table, table: Table) -> pa.Table:
    """The rows of a Delta table in the comparable form; other columns stay as they are."""
    columns = {name: rows[name] for name in rows.column_names}
    for column in DECLARATIONS[table].columns:
        if column.name in columns:
            columns |= _compared(column, columns.pop(column.name))
    return pa.table(columns)


def _compared(column: Column, values: pa.ChunkedArray) -> dict[str, pa.ChunkedArray]:
    if column.type == Type.DOUBLES:
        return {name: pc.list_element(values, at) for at, name in enumerate(column.elements)}
    # delta-rs writes the texts that it merges as string_view, which few functions take.
    return {column.name: values.cast(_TYPES[column.type])}


def from_csv(data: bytes | memoryview, table: Table) -> pa.Table:
    """Return the rows of COPY's CSV, whose columns are those of `comparable_names` and which quotes all but nulls."""
    if not data:
        return empty(table)
    types = _comparable_types(table)
    return csv.read_csv(
        pa.BufferReader(data),
        csv.ReadOptions(column_names=[*types]),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types=types,
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def checksum(rows: pa.Table, names: Sequence[str]) -> str:
    """16 hexadecimal digits that do not depend on the rows' order: the sum of a 64-bit hash of each row.

    A sum and not an exclusive or, in which a row that is there twice would vanish.
    """
    total = row_hashes(rows, names).sum(dtype=np.uint64)
    return f"{int(total):016x}"


def row_hashes(rows: pa.Table, names: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """Return a 64-bit hash of each row."""
    pieces = (rows.slice(first, HASHED_ROWS) for first in range(0, rows.num_rows, HASHED_ROWS))
    return np.concatenate([np.empty(0, np.uint64), *(_hashes(piece, names) for piece in pieces)])


def _hashes(rows: pa.Table, names: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    texts = pd.DataFrame({name: _texts(rows[name]).to_pandas() for name in names}, dtype=object)
    return np.asarray(pd.util.hash_pandas_object(texts, index=False), np.uint64)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values as texts, null apart from any text; a number's text says its bits.

    Null is the one text without a mark before it. It cannot be told by a NUL: pandas takes texts to end at one.
    """
    if pa.types.is_floating(column.type):
        chunks = [chunk.fill_null(float("nan")).view(pa.int64()) for chunk in column.chunks]
        column = pa.chunked_array(chunks, pa.int64())
    texts = column.cast(pa.string())
    marked = pc.binary_join_element_wise("=", pc.replace_substring(texts, "\0", r"\x00"), "")
    return pc.fill_null(marked, "")
