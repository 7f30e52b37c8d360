"""What records and the cleaned tables look like in Spark: names, types and order of their columns.

Contract: section "Cleaned tables" of docs/contracts.md. The columns of the records they are made from are
the source tables' (`contracts.rows`).
"""

import pyarrow as pa
from msgspec import inspect, structs
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

from contracts.rows import ROW_TYPES, columns
from contracts.tables import Table

KEY = "ind"
# `user` is a reserved word of SQL.
SERVED_NAMES: dict[Table, str] = {"pin": "pin", "geo": "geo", "user": "users"}


def _schema(**columns: DataType) -> StructType:
    return StructType([StructField(name, kind) for name, kind in columns.items()])


CLEANED: dict[Table, StructType] = {
    "pin": _schema(
        ind=IntegerType(),
        unique_id=StringType(),
        title=StringType(),
        description=StringType(),
        follower_count=LongType(),
        poster_name=StringType(),
        tag_list=StringType(),
        is_image_or_video=StringType(),
        image_src=StringType(),
        save_location=StringType(),
        category=StringType(),
    ),
    "geo": _schema(
        ind=IntegerType(),
        country=StringType(),
        # latitude, longitude, in degrees; null unless both are known.
        coordinates=ArrayType(DoubleType()),
        timestamp=TimestampType(),
    ),
    "user": _schema(
        ind=IntegerType(),
        user_name=StringType(),
        age=IntegerType(),
        date_joined=TimestampType(),
    ),
}

_KINDS: dict[type[inspect.Type], pa.DataType] = {
    inspect.IntType: pa.int32(),
    inspect.FloatType: pa.float64(),
    inspect.StrType: pa.string(),
    inspect.DateTimeType: pa.string(),
}


def kinds(table: Table) -> pa.Schema:
    """What the source sends: the kind of JSON value that each column of the table is in a record, unless it is null."""
    return pa.schema(
        [(field.name, _kind(inspect.type_info(field.type))) for field in structs.fields(ROW_TYPES[table])]
    )


def _kind(field: inspect.Type) -> pa.DataType:
    alternatives = field.types if isinstance(field, inspect.UnionType) else (field,)
    return next(_KINDS[type(each)] for each in alternatives if type(each) in _KINDS)


def fields(table: Table, *others: Table) -> str:
    """Spark's type of a record's fields: the key is an int, every other column the text of what it is in JSON.

    Args:
        table: whose record it is.
        others: tables whose columns it may have as well; they have no key of their own.
    """
    key, *names = columns(table)
    foreign = (name for other in others for name in columns(other)[1:])
    return f"struct<{key}: int, {', '.join(f'{name}: string' for name in (*names, *foreign))}>"


def landed(table: Table) -> str:
    """Columns of the records that have landed.

    `start` and `lines` are the object's; `plain` has the record's fields, null where they are not known yet.
    """
    return (
        "topic string, partition int, start bigint, lines bigint, offset bigint, value string,"
        f" plain {fields(table)}"
    )
