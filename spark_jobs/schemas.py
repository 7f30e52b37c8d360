"""What the cleaned tables look like in Spark: names, types and order of their columns.

Contract: section "Cleaned tables" of docs/contracts.md. The columns of the records they are made from are
the source tables' (`services.mysql.rows.columns`).
"""

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

from services.common.settings import Table

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
