"""The keys of landed records, by the readers of the batch job itself: no other idea of a key can call a record lost."""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

import pyarrow as pa
from pyspark.sql import SparkSession

from common.settings import Settings
from contracts.tables import KEY, Table
from spark_jobs import cleaning
from spark_jobs.readers import plain_json
from spark_jobs.schemas import kinds
from spark_jobs.session.spark import spark_session

# One text with a surprise sends those beside it to Spark as well; reading fewer at a time takes Arrow longer.
PIECE_KEYS = 1_000


Find = Callable[[Sequence[str]], Sequence[int | None]]
"""The keys of records, by their texts."""


def finder(settings: Settings, table: Table) -> Find:
    """`find` for a table's records, with a Spark session if one is needed."""
    return partial(find, table=table, spark=partial(_session, settings))


def _session(settings: Settings) -> SparkSession:
    """A Spark session in this process: the records are few, and are here already."""
    here = settings.replace(SPARK_MASTER="local[1]")
    return spark_session(here, "verify", brief=True)


def find(texts: Sequence[str], table: Table, spark: Callable[[], SparkSession]) -> list[int | None]:
    """The key of each record of a table; None where it is no object, or has none that could be a row's.

    Args:
        texts: the records.
        table: whose they are meant to be.
        spark: gives the session in which those are read that Arrow leaves to Spark; it is asked if there are any.
    """
    pieces = [texts[start : start + PIECE_KEYS] for start in range(0, len(texts), PIECE_KEYS)]
    read = [_by_arrow(piece, table) for piece in pieces]
    left = [text for piece, keys in zip(pieces, read, strict=True) if keys is None for text in piece]
    of_left = iter(_by_spark(left, table, spark()) if left else ())
    return [*_joined(pieces, read, of_left)]


def _joined(
    pieces: Sequence[Sequence[str]], read: Sequence[list[int | None] | None], of_left: Iterator[int | None]
) -> Iterator[int | None]:
    for piece, keys in zip(pieces, read, strict=True):
        yield from islice(of_left, len(piece)) if keys is None else keys


def _by_arrow(texts: Sequence[str], table: Table) -> list[int | None] | None:
    body = "".join(f"{text}\n" for text in texts).encode()
    fields = plain_json.fields(body, pa.array(texts, pa.string()), kinds(table))
    return None if fields.null_count else fields.field(0).to_pylist()


def _by_spark(texts: Sequence[str], table: Table, spark: SparkSession) -> list[int | None]:
    records = pa.table({"number": pa.array(range(len(texts)), pa.int64()), "value": texts})
    rows = cleaning.keys(spark.createDataFrame(records), table).select("number", KEY).collect()
    return [row[1] for row in sorted(rows)]
