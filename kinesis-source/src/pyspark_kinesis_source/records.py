"""The columns, and Kinesis records as Arrow batches of them."""

from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate
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

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def to_batch(stream: str, shard: str, records: Sequence[Record]) -> pa.RecordBatch:
    """The records of one page, in their order."""
    size = len(records)
    return pa.RecordBatch.from_arrays(
        [
            _joined(pa.string(), [record["PartitionKey"].encode() for record in records]),
            _joined(pa.binary(), [record["Data"] for record in records]),
            _joined(pa.string(), [stream.encode()] * size),
            _joined(pa.string(), [shard.encode()] * size),
            _joined(pa.string(), [record["SequenceNumber"].encode() for record in records]),
            _moments([record["ApproximateArrivalTimestamp"] for record in records]),
        ],
        schema=ARROW_SCHEMA,
    )


# pa.array and pa.repeat make the same arrays, but load pandas, if only to see that a list is none of its objects: 50 MB
# in the process of each query.
def _joined(kind: pa.DataType, values: Sequence[bytes]) -> pa.Array:
    """Texts or bytes as an array; a page of them is far from the 2 GB that such an array can hold."""
    ends = array("i", accumulate(map(len, values), initial=0))
    return pa.Array.from_buffers(
        kind, len(values), [None, pa.py_buffer(ends), pa.py_buffer(b"".join(values))]
    )


def _moments(moments: Sequence[datetime]) -> pa.Array:
    micros = array("q", [(moment - _EPOCH) // _MICROSECOND for moment in moments])
    return pa.Array.from_buffers(pa.timestamp("us", tz="UTC"), len(moments), [None, pa.py_buffer(micros)])


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
