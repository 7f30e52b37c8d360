"""Read a cleaned table's rows from Delta and from Postgres, in the comparable form."""

import io
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from psycopg2 import sql

from common.clients import s3_client
from common.settings import Settings
from contracts.delta_tables import Layer, folder
from contracts.tables import DECLARATIONS, Table, Type
from operations.verify import delta_log, rows
from spark_jobs.readers import parquet
from spark_jobs.schemas import arrow_schema

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812


def of_delta(settings: Settings, layer: Layer, table: Table, places: Sequence[str]) -> pa.Table:
    """The rows of a Delta table in the comparable form, and the columns of their records' places."""
    files = delta_log.files(s3_client(settings), settings.bucket, folder(layer, table))
    names = [*DECLARATIONS[table].names, *places]
    batches = list(parquet.read(settings, files, names, pc.scalar(True), arrow_schema(table)))
    if not batches:
        return rows.empty(table)
    return rows.comparable(pa.Table.from_batches(batches), table)


def of_postgres(connection: "PostgresConnection", schema: str, table: Table) -> pa.Table:
    """The rows of a served table in the comparable form."""
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT csv, FORCE_QUOTE *)").format(
        sql.SQL(", ").join(_selected(table)), sql.Identifier(schema, DECLARATIONS[table].served)
    )
    buffer = io.BytesIO()
    with connection.cursor() as cursor:
        cursor.copy_expert(query, buffer)
    return rows.from_csv(buffer.getbuffer(), table)


def _selected(table: Table) -> Iterator[sql.Composable]:
    for column in DECLARATIONS[table].columns:
        name = sql.Identifier(column.name)
        if column.type == Type.DOUBLES:
            for position, _ in enumerate(column.elements, start=1):
                yield sql.SQL("{}[{}]").format(name, sql.Literal(position))
        elif column.type == Type.TIME:
            yield sql.SQL("(extract(epoch FROM {}) * 1000000)::bigint").format(name)
        else:
            yield name
