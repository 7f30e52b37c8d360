"""Raw records for the tests of cleaning, and what becomes of them in a form that is easy to compare."""

import json
from collections.abc import Sequence
from typing import Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as fn

from contracts.tables import Table
from spark_jobs.cleaning import classify

RAW = "topic string, partition int, offset long, value string"
# The key under which a table's records carry their number.
KEYS: dict[Table, str] = {"pin": "index", "geo": "ind", "user": "ind"}


def raw(spark: SparkSession, values: Sequence[object]) -> DataFrame:
    """Records at offsets 0, 1, ...; a value that is not text or None is sent as JSON."""
    sent = (value if value is None or isinstance(value, str) else json.dumps(value) for value in values)
    return spark.createDataFrame([("a.topic", 0, at, value) for at, value in enumerate(sent)], RAW)


def cleaned_column(
    spark: SparkSession, table: Table, fields: Sequence[dict[str, Any]], result: Column | str
) -> DataFrame:
    """Records of the fields, a key added: one row each of number, `reasons`, and `result` of the cleaned row."""
    values = [{KEYS[table]: number} | given for number, given in enumerate(fields)]
    of_row = fn.col(f"row.{result}") if isinstance(result, str) else result
    return classify(raw(spark, values), table).select("offset", "reasons", of_row.alias("result"))


def expected_column(spark: SparkSession, kind: str, results: Sequence[object]) -> DataFrame:
    """Return what `cleaned_column` gives where each record is accepted and results in this."""
    rows: list[tuple[int, list[str], object]] = [
        (number, [], result) for number, result in enumerate(results)
    ]
    return spark.createDataFrame(rows, f"offset long, reasons array<string>, result {kind}")
