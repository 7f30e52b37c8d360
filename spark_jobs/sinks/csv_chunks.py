"""Rows -> pieces of CSV as Postgres's COPY reads it, in Spark's Python workers (so: nothing but pyarrow)."""

from collections.abc import Iterator

import pyarrow as pa
from pyarrow import csv

CHUNKS = "chunk binary"
# pyarrow quotes every text and no null, which is how COPY's CSV tells '' from null.
_OPTIONS = csv.WriteOptions(include_header=False)


def to_csv(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """For `mapInArrow`: each batch of rows becomes one row of CHUNKS."""
    for batch in batches:
        sink = pa.BufferOutputStream()
        csv.write_csv(batch, sink, _OPTIONS)
        yield pa.RecordBatch.from_arrays([pa.array([sink.getvalue().to_pybytes()], pa.binary())], ["chunk"])
