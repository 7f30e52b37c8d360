"""A cleaned table's rows on either side, Delta and Postgres, in one form; and their checksum."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql
from pyarrow import csv

from common.clients import s3_client
from common.settings import Settings
from contracts.tables import Table
from operations.verify import delta_log
from spark_jobs.readers import parquet
from spark_jobs.schemas import CLEANED, SERVED_NAMES

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

# In the comparable form a time is its microseconds, and coordinates are two columns of numbers.
_NUMBERS = {"ind", "follower_count", "age", "timestamp", "date_joined"}
_COORDINATES = ("latitude", "longitude")
# A Python object for each text is ten times what Arrow has: 20,000 posts at a time are 30 MB of them.
_HASHED_ROWS = 20_000


def comparable_names(table: Table) -> list[str]:
    """The columns of the comparable form."""
    return [
        part for name in CLEANED[table].names for part in (_COORDINATES if name == "coordinates" else (name,))
    ]


def of_delta(settings: Settings, layer: str, table: Table, places: Sequence[str]) -> pa.Table:
    """The rows of a Delta table in the comparable form, and the columns of their records' places."""
    folder = f"delta_tables/{layer}/{table}"
    files = delta_log.files(s3_client(settings), settings.bucket, folder)
    names = [*CLEANED[table].names, *places]
    batches = list(parquet.read(settings, files, names, pc.scalar(True)))
    if not batches:
        return _empty(table)
    return _flat(pa.Table.from_batches(batches))


def _empty(table: Table) -> pa.Table:
    return pa.table({name: pa.array([], _type(name)) for name in comparable_names(table)})


def _flat(rows: pa.Table) -> pa.Table:
    columns: dict[str, pa.ChunkedArray] = {}
    for name in rows.column_names:
        column = rows[name]
        if name == "coordinates":
            for position, part in enumerate(_COORDINATES):
                columns[part] = pc.list_element(column, position)
        elif name in _NUMBERS:
            columns[name] = column.cast(pa.int64())
        elif pa.types.is_string_view(column.type):  # as delta-rs writes what it merges
            columns[name] = column.cast(pa.string())
        else:
            columns[name] = column
    return pa.table(columns)


def _type(name: str) -> pa.DataType:
    return pa.int64() if name in _NUMBERS else pa.float64() if name in _COORDINATES else pa.string()


def of_postgres(connection: "PostgresConnection", schema: str, table: Table) -> pa.Table:
    """The rows of a served table in the comparable form."""
    names = comparable_names(table)
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)").format(
        sql.SQL(", ").join(map(_selected, names)), sql.Identifier(schema, SERVED_NAMES[table])
    )
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(query, buffer)
    if not buffer.tell():
        return _empty(table)
    buffer.seek(0)
    return csv.read_csv(
        buffer,
        csv.ReadOptions(column_names=names),
        csv.ParseOptions(newlines_in_values=True),
        csv.ConvertOptions(
            column_types={name: _type(name) for name in names},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )


def _selected(name: str) -> sql.Composable:
    if name in _COORDINATES:
        return sql.SQL(f"coordinates[{_COORDINATES.index(name) + 1}]")
    if name in ("timestamp", "date_joined"):
        return sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint").format(sql.Identifier(name))
    return sql.Identifier(name)


def checksum(rows: pa.Table, names: Sequence[str]) -> str:
    """16 hexadecimal digits that do not depend on the rows' order: the sum of a 64-bit hash of each row.

    A sum and not an exclusive or, in which a row that is there twice would vanish.
    """
    total = row_hashes(rows, names).sum(dtype=np.uint64)
    return f"{int(total):016x}"


def row_hashes(rows: pa.Table, names: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    """Return a 64-bit hash of each row."""
    pieces = (rows.slice(first, _HASHED_ROWS) for first in range(0, rows.num_rows, _HASHED_ROWS))
    return np.concatenate([np.empty(0, np.uint64), *(_hashes(piece, names) for piece in pieces)])


def _hashes(rows: pa.Table, names: Sequence[str]) -> "np.ndarray[tuple[int], np.dtype[np.uint64]]":
    texts = pd.DataFrame({name: _texts(rows[name]).to_pandas() for name in names}, dtype=object)
    return np.asarray(pd.util.hash_pandas_object(texts, index=False), np.uint64)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The values as texts, null apart from any text; a number's text says its bits."""
    if pa.types.is_floating(column.type):
        chunks = [chunk.fill_null(float("nan")).view(pa.int64()) for chunk in column.chunks]
        column = pa.chunked_array(chunks, pa.int64())
    texts = column.cast(pa.string())
    return pc.fill_null(pc.replace_substring(texts, "\0", r"\x00"), "\0")
