"""The times of a cleaned table as each of its readers sees them, in microseconds by ind."""

from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow as pa
from deltalake import DeltaTable
from psycopg2 import sql
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from common.clients import delta_options, postgres_connection, s3_client
from common.settings import Settings
from contracts.tables import DECLARATIONS, Table
from spark_jobs.sinks import delta

TIME_COLUMNS: dict[Table, str] = {"geo": "timestamp", "user": "date_joined"}
_SERVED = "SELECT ind, (extract(epoch FROM {}) * 1000000)::bigint FROM {}"


def served_times(settings: Settings, schema: str, table: Table) -> dict[int, int]:
    """In Postgres."""
    names = sql.Identifier(TIME_COLUMNS[table]), sql.Identifier(schema, DECLARATIONS[table].served)
    with closing(postgres_connection(settings)) as connection, connection.cursor() as cursor:
        cursor.execute(sql.SQL(_SERVED).format(*names))
        return dict(cursor.fetchall())


def stored_times(
    settings: Settings, spark: SparkSession, path: str, column: str, folder: Path
) -> dict[str, dict[int, int]]:
    """In a Delta table, by the reader; `folder` is for what DuckDB reads."""
    by_spark = (
        spark.read.format("delta").load(path).select("ind", fn.unix_micros(column).alias("at")).collect()
    )
    rows = DeltaTable(path, storage_options=delta_options(settings)).to_pyarrow_table()
    by_delta_rs = rows[column].cast(pa.int64()).to_pylist()
    files = _download(settings, delta.files(settings, path), folder)
    by_duckdb = duckdb.read_parquet(files).project(f"ind, epoch_us({column})").fetchall()
    return {
        "Spark": {row.ind: row.at for row in by_spark},
        "delta-rs": dict(zip(rows["ind"].to_pylist(), by_delta_rs, strict=True)),
        "DuckDB": dict(by_duckdb),
    }


def _download(settings: Settings, uris: list[str], folder: Path) -> list[str]:
    folder.mkdir()
    keys = {uri.partition(f"{settings.bucket}/")[2]: folder / f"{at}.parquet" for at, uri in enumerate(uris)}
    for key, file in keys.items():
        s3_client(settings).download_file(settings.bucket, key, str(file))
    return [str(file) for file in keys.values()]
