"""Kinesis records as Arrow batches."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from kinesis_fake import sequence
from pyspark_kinesis_source.records import ARROW_SCHEMA, Record, pack, to_batch, unpack

EAST = timezone(timedelta(hours=5, minutes=45))
RECORDS: list[Record] = [
    {
        "PartitionKey": key,
        "Data": data,
        "SequenceNumber": sequence(number),
        "ApproximateArrivalTimestamp": moment,
    }
    for number, (key, data, moment) in enumerate(
        [
            ("k", b"one", datetime(2026, 1, 1, 12, 0, 0, 123_000, tzinfo=UTC)),
            ("Šárka 🙂", b"", datetime(2026, 1, 1, 12, 0, 0, 123_456, tzinfo=EAST)),
            ("0", b"\x00\xff" * 300, datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC)),
        ]
    )
]


@pytest.mark.parametrize("records", [RECORDS, RECORDS[:1], RECORDS[1:], []], ids=len)
def test_a_batch_is_what_arrow_makes_of_the_values(records: list[Record]) -> None:
    batch = to_batch("posts", "shardId-0", records)
    batch.validate(full=True)
    rows = [
        {
            "partitionKey": each["PartitionKey"],
            "data": each["Data"],
            "stream": "posts",
            "shardId": "shardId-0",
            "sequenceNumber": each["SequenceNumber"],
            "approximateArrivalTimestamp": each["ApproximateArrivalTimestamp"],
        }
        for each in records
    ]
    assert batch.equals(pa.RecordBatch.from_pylist(rows, ARROW_SCHEMA))
    assert list(unpack(pack([batch, batch]))) == [batch, batch]


def test_the_process_of_a_query_does_without_pandas() -> None:
    """It takes 50 MB there, for as long as the query runs."""
    program = (
        "import sys; from datetime import UTC, datetime;"
        "import pyspark.sql.streaming.python_streaming_source_runner;"
        "import pyspark_kinesis_source; from pyspark_kinesis_source.records import pack, to_batch;"
        "record = {'PartitionKey': 'k', 'Data': b'x', 'SequenceNumber': '1',"
        "          'ApproximateArrivalTimestamp': datetime.now(UTC)};"
        "pack([to_batch('s', 'a', [record])]);"
        "print('pandas' in sys.modules)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
    )
    assert (run.stdout, run.stderr) == ("False\n", "")
