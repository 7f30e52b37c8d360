"""The schemas of records and cleaned tables in Spark: names, types and order of their columns.

Contract: section "Cleaned tables" of docs/contracts.md. The columns are those of `contracts.tables`.
"""

from collections.abc import Iterable

import pyarrow as pa
from pyspark.sql.pandas.types import to_arrow_schema
from pyspark.sql.types import (
    ArrayType,
    DataType,
    DoubleType,
    IntegerType,
    LongType,
    StringType,
    StructField,
    StructType,
    TimestampType,
)

from contracts.tables import DECLARATIONS, SourceType, Table, Type

_TYPES: dict[Type, DataType] = {
    Type.INTEGER: IntegerType(),
    Type.BIGINT: LongType(),
    Type.DOUBLE: DoubleType(),
    Type.DOUBLES: ArrayType(DoubleType()),
    Type.TEXT: StringType(),
    Type.TIME: TimestampType(),
}
CLEANED: dict[Table, StructType] = {
    table: StructType([StructField(column.name, _TYPES[column.type]) for column in declared.columns])
    for table, declared in DECLARATIONS.items()
}

_KINDS: dict[SourceType, pa.DataType] = {
    SourceType.INTEGER: pa.int32(),
    SourceType.NUMBER: pa.float64(),
    SourceType.SHORT_TEXT: pa.string(),
    SourceType.TEXT: pa.string(),
    SourceType.TIME: pa.string(),
}


def arrow_schema(table: Table) -> pa.Schema:
    """Return the cleaned columns as Arrow has them, times in microseconds of UTC."""
    return to_arrow_schema(CLEANED[table], timezone="UTC")


def kinds(table: Table) -> pa.Schema:
    """Return the kind of JSON value that each column of the table has in the source's records, unless it is null."""
    return pa.schema([(column.name, _KINDS[column.type]) for column in DECLARATIONS[table].source_columns])


def foreign_names(table: Table, others: Iterable[Table]) -> list[str]:
    """Return the names of the other tables' columns, but their keys and the names that the table has itself."""
    names = (name for other in others for name in DECLARATIONS[other].source_names[1:])
    return [name for name in dict.fromkeys(names) if name not in DECLARATIONS[table].source_names]


def fields(table: Table, *others: Table) -> str:
    """Spark's type of a record's fields: the key is an int, every other column the text of what it is in JSON.

    Args:
        table: whose record it is.
        others: tables whose columns it may have as well; they have no key of their own.
    """
    key, *names = DECLARATIONS[table].source_names
    texts = (f"{name}: string" for name in (*names, *foreign_names(table, others)))
    return f"struct<{key}: int, {', '.join(texts)}>"


def landed(table: Table) -> str:
    """Columns of the records that have landed.

    `start` and `lines` are the object's; `plain` has the record's fields, null where they are not known yet.
    """
    return (
        "topic string, partition int, start bigint, lines bigint, offset bigint, value string,"
        f" plain {fields(table)}"
    )
