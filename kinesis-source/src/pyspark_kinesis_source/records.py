"""The columns, and Kinesis records as Arrow batches of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
from pyspark.sql.types import StructType

COLUMNS = (
    StructType()
    .add("partitionKey", "string")
    .add("data", "binary")
    .add("stream", "string")
    .add("shardId", "string")
    .add("sequenceNumber", "string")
    .add("approximateArrivalTimestamp", "timestamp")
)
ARROW_SCHEMA = pa.schema(
    [
        ("partitionKey", pa.string()),
        ("data", pa.binary()),
        ("stream", pa.string()),
        ("shardId", pa.string()),
        ("sequenceNumber", pa.string()),
        ("approximateArrivalTimestamp", pa.timestamp("us", tz="UTC")),
    ]
)

Record = Mapping[str, Any]


def to_batch(stream: str, shard: str, records: Sequence[Record]) -> pa.RecordBatch:
    """The records of one page, in their order."""
    arrivals = [record["ApproximateArrivalTimestamp"] for record in records]
    return pa.RecordBatch.from_arrays(
        [
            pa.array([record["PartitionKey"] for record in records], pa.string()),
            pa.array([record["Data"] for record in records], pa.binary()),
            pa.repeat(stream, len(records)),
            pa.repeat(shard, len(records)),
            pa.array([record["SequenceNumber"] for record in records], pa.string()),
            pa.array(arrivals, pa.timestamp("us", tz="UTC")),
        ],
        schema=ARROW_SCHEMA,
    )


def arrival_millis(record: Record) -> int:
    """Return when the record arrived, in milliseconds since 1970."""
    arrival: datetime = record["ApproximateArrivalTimestamp"]
    return round(arrival.timestamp() * 1000)


def pack(batches: Iterable[pa.RecordBatch]) -> bytes:
    """The batches as one Arrow stream."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, ARROW_SCHEMA) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytes(sink.getvalue().to_pybytes())


def unpack(packed: bytes) -> Iterator[pa.RecordBatch]:
    """The batches of an Arrow stream."""
    with pa.ipc.open_stream(packed) as reader:
        yield from reader
