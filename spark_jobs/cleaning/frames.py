"""Turn records that a notebook has parsed, as `spark.read.json` does, back into the JSON texts that are cleaned.

So there is one set of rules. What the parser knows of a record is less than its text: a column has one type, so where
one record's key is a text, all keys of the frame are, and what follows a record in its line is gone. Hence a key that
is written as a whole number counts as one, whatever its column's type. Times come as UTC, in microseconds.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as fn

from contracts.tables import DECLARATIONS, TABLES, Table

VALUE = "value"
_CORRUPT = "_corrupt_record"
_WHOLE = r"\A-?\d+(?:\.0*)?\z"
_FORMATS = {
    "timeZone": "UTC",
    "timestampFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "timestampNTZFormat": "yyyy-MM-dd'T'HH:mm:ss.SSSSSS",
    "dateFormat": "yyyy-MM-dd'T00:00:00'",
}


def raw_records(df: DataFrame, table: Table) -> DataFrame:
    """Return the columns of `df` with `value string`, the JSON text of each record, which it may have already.

    Raises:
        ValueError: it has neither `value` nor a column of the table.
    """
    if VALUE in df.columns:
        return df
    if not set(DECLARATIONS[table].source_names) & set(df.columns):
        names = ", ".join(DECLARATIONS[table].source_names)
        raise ValueError(
            f"expected a column `value` with the JSON texts of {table}, or columns of {table} ({names}), "
            f"not {', '.join(df.columns) or 'none'}"
        )
    text = _json(df, table)
    return df.withColumn(VALUE, fn.coalesce(df[_CORRUPT], text) if _CORRUPT in df.columns else text)


def _json(df: DataFrame, table: Table) -> Column:
    """Return the record as JSON, of the columns that some table has; a null is left out, as if it were not there."""
    key = DECLARATIONS[table].source_names[0]
    known = {name for each in TABLES for name in DECLARATIONS[each].source_names}
    others = [df[name] for name in df.columns if name in known - {key}]
    if key not in df.columns:
        return fn.to_json(fn.struct(*others), _FORMATS)
    digits = df[key].cast("string")
    whole = fn.when(digits.rlike(_WHOLE), fn.regexp_replace(digits, r"\..*", "").try_cast("decimal(38, 0)"))
    as_number = fn.to_json(fn.struct(whole.alias(key), *others), _FORMATS)
    return fn.when(whole.isNotNull(), as_number).otherwise(fn.to_json(fn.struct(df[key], *others), _FORMATS))
