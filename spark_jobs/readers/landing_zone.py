"""Read landed objects in Spark's Python workers: one row for each line, its fields where Arrow can read them.

The plain form is `spark.read.text` (docs/adr/0004-arrow-reads-the-landing-zone.md).

Workers import this module, so it takes little but boto3 and pyarrow: settings and their libraries would
cost each worker a second. So would the first object of Python or numpy that Arrow converts: it loads pandas to ask
whether it is one of its own. Hence arrays are made from buffers here.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from botocore.config import Config

from contracts.landing import NEXT_OFFSET
from spark_jobs.readers import plain_json

if TYPE_CHECKING:
    import numpy.typing as npt
    from mypy_boto3_s3 import S3Client

# Hides the server's latency; more would only hold more objects (8 MiB each) in memory.
_AHEAD = 4
# As common.clients has it: a get of 8 MiB takes under a second, 30 s of silence means it is gone.
_CONFIG = Config(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 3},
    s3={"addressing_style": "path"},
)

# The end of a message on an object.
_WAY_BACK = "Move it and the partition's later objects away: the S3 sink lands their records again"
_BROKEN = f"is not whole. {_WAY_BACK}"

Batches = Iterator[pa.RecordBatch]
LandedRow = dict[str, Any]
"""An object: its topic, partition, start, key, and `end`: the first offset that it cannot hold.

Once it is fetched, `key` names the bucket too, and there is `next`: the offset after its last record when it was put,
None where it does not say.
"""


def read_objects(
    client: dict[str, Any], bucket: str, kinds: pa.Schema, shares: Sequence[Sequence[LandedRow]]
) -> Callable[[Batches], Batches]:
    """For `mapInArrow`: numbers of shares (`id`) -> rows of `schemas.landed`, one a line, in the objects' order.

    The objects come with the function, not as rows: to make rows of them, Spark would start further Python workers.

    Args:
        client: options of boto3's client.
        bucket: where the objects are.
        kinds: what a record of theirs should hold (`schemas.kinds`).
        shares: the objects of each task.
    """
    return partial(_read_objects, client, bucket, kinds, shares)


def _read_objects(
    client: dict[str, Any],
    bucket: str,
    kinds: pa.Schema,
    shares: Sequence[Sequence[LandedRow]],
    batches: Batches,
) -> Batches:
    s3 = _client(**client)

    def fetch(row: LandedRow) -> tuple[LandedRow, bytes]:
        found = s3.get_object(Bucket=bucket, Key=row["key"])
        told = {"key": f"s3://{bucket}/{row['key']}", "next": found["Metadata"].get(NEXT_OFFSET)}
        return row | told, found["Body"].read()

    rows = (row for batch in batches for share in batch["id"].to_pylist() for row in shares[share])
    for row, body in fetch_ahead(fetch, rows):
        yield to_records(row, body, kinds)


@cache
def _client(**options: Any) -> "S3Client":  # noqa: ANN401 - boto3's own options
    """One for all tasks of a worker: to make it takes longer than to fetch an object."""
    return boto3.client("s3", config=_CONFIG, **options)


def fetch_ahead(
    fetch: Callable[[LandedRow], tuple[LandedRow, bytes]], rows: Iterator[LandedRow]
) -> Iterator[tuple[LandedRow, bytes]]:
    """The results in order, up to _AHEAD of them fetched before they are asked for."""
    pending: deque[Future[tuple[LandedRow, bytes]]] = deque()
    with ThreadPoolExecutor(_AHEAD) as pool:
        for row in rows:
            pending.append(pool.submit(fetch, row))
            if len(pending) == _AHEAD:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def to_records(row: LandedRow, body: bytes, kinds: pa.Schema) -> pa.RecordBatch:
    """The records of one object: line k is the one of offset start + k.

    Args:
        row: the object.
        body: its content.
        kinds: as for `read_objects`.

    Raises:
        ValueError: the object is not what was put, or holds offsets that another object holds as well.
    """
    lines = _lines(body)
    count, start = len(lines), row["start"]
    _check(row, body, start + count)
    return pa.RecordBatch.from_arrays(
        [
            _texts(row["topic"].encode(), count),
            _numbers(np.full(count, row["partition"], np.int32)),
            _numbers(np.full(count, start, np.int64)),
            _numbers(np.full(count, count, np.int64)),
            _numbers(np.arange(start, start + count, dtype=np.int64)),
            lines,
            plain_json.fields(body, lines, kinds),
        ],
        names=["topic", "partition", "start", "lines", "offset", "value", "plain"],
    )


def _check(row: LandedRow, body: bytes, end: int) -> None:
    if body and not body.endswith(b"\n"):
        raise ValueError(f"{row['key']} does not end in a newline: it {_BROKEN}")
    if row.get("next") is not None and end != int(row["next"]):
        raise ValueError(
            f"{row['key']} holds offsets up to {end}, {row['next']} when it was put: it {_BROKEN}"
        )
    if end > row["end"]:
        raise ValueError(
            f"{row['key']} holds offsets up to {end}, the next object begins at {row['end']}. {_WAY_BACK}"
        )


def _lines(body: bytes) -> pa.StringArray:
    """The lines of the body, each of which ends in a newline, without it.

    The sink writes UTF-8 only, what another hand wrote is escaped as the sink would. Arrow alone touches the lines: an
    object of Python for each of them would take three times as long.
    """
    try:
        text = _texts(body)
    except pa.ArrowInvalid:
        text = _texts(body.decode("utf-8", "backslashreplace").encode())
    return pc.split_pattern(text, "\n").flatten()[:-1]


def _numbers(values: "npt.NDArray[np.int32 | np.int64]") -> pa.Array:
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def _texts(text: bytes, times: int = 1) -> pa.StringArray:
    """The text so many times.

    Raises:
        pa.ArrowInvalid: it is not UTF-8.
        OverflowError: it is of 2 GiB or more.
    """
    ends = np.arange(times + 1, dtype=np.int32) * np.int32(len(text))
    array = pa.Array.from_buffers(pa.binary(), times, [None, pa.py_buffer(ends), pa.py_buffer(text * times)])
    return array.cast(pa.string())
