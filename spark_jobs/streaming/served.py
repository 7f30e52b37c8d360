"""Read the speed path's rows from Postgres as Arrow: the rows of a Delta table that was lost with its bucket.

The streams alone cannot give them back: they keep a day, and LocalStack may keep them in memory, as it does the bucket.
Postgres has of each post the row of its latest record, and its place, so that later records find their order.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing

import pyarrow as pa
from psycopg2 import sql
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import ArrayType, StringType, StructField, StructType, TimestampType

from common.clients import postgres_connection
from common.settings import Settings
from contracts.tables import DECLARATIONS, Table
from spark_jobs.schemas import CLEANED
from spark_jobs.streaming import speed

# Some 5 MB of posts.
_ROWS = 10_000
_KINDS = {"arrived_at": TimestampType(), "reasons": ArrayType(StringType())}  # the others are texts

_SERVED = (
    "SELECT {columns}, places.arrived_at, places.sequence_number::text, places.shard FROM {table} AS served"
    " JOIN speed.places AS places ON places.table_name = {name} AND places.ind = served.ind"
)
_REJECTED = (
    "SELECT stream, shard, sequence_number::text, partition_key, arrived_at, reasons, raw"
    " FROM quarantine.stream"
)


def rows(settings: Settings, table: Table) -> pa.RecordBatchReader:
    """Return the rows of `speed.<table>`, each followed by its record's place, as the Delta table has them."""
    columns = CLEANED[table].names
    query = sql.SQL(_SERVED).format(
        columns=sql.SQL(", ").join(sql.Identifier("served", name) for name in columns),
        table=sql.Identifier("speed", DECLARATIONS[table].served),
        name=sql.Literal(table),
    )
    return _reader(settings, query, StructType([*CLEANED[table].fields, *_fields(speed.PLACE)]))


def rejected(settings: Settings) -> pa.RecordBatchReader:
    """Return the records of `quarantine.stream`."""
    return _reader(settings, sql.SQL(_REJECTED), StructType(_fields(speed.QUARANTINE.columns)))


def _fields(names: Sequence[str]) -> list[StructField]:
    return [StructField(name, _KINDS.get(name, StringType())) for name in names]


def _reader(settings: Settings, query: sql.Composable, columns: StructType) -> pa.RecordBatchReader:
    schema = to_arrow_schema(columns, timezone="UTC")
    return pa.RecordBatchReader.from_batches(schema, _batches(settings, query, schema))


def _batches(settings: Settings, query: sql.Composable, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    with closing(postgres_connection(settings, "speed_writer")) as connection:
        with connection.cursor() as plain:
            plain.execute("SET TIME ZONE 'UTC'")
        with connection.cursor("served") as cursor:  # on the server: of many rows, few are here at a time
            cursor.execute(query)
            while found := cursor.fetchmany(_ROWS):
                arrays = [
                    pa.array(values, field.type)
                    for values, field in zip(zip(*found, strict=True), schema, strict=True)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)
