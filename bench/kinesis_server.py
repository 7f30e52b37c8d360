"""A Kinesis that gives records as fast as a machine copies them: made beforehand, the same in each shard.

LocalStack's gives some thousand records a second, which no reader can be measured against.
"""

import base64
import json
import multiprocessing
import time
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing.connection import Connection
from typing import Any

# A sequence number has 56 digits.
FIRST_SEQUENCE = 4968 * 10**52
RETENTION_HOURS = 24


@contextmanager
def serving(shards: int, records: int, size: int) -> Iterator[str]:
    """The URL of a Kinesis in a process of its own, for any stream's name.

    Each shard has so many records of `size` bytes, which arrived one a millisecond up to now. A record's data is its
    number, with blanks before it.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, shards, records, size), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        process.terminate()
        process.join()


def _serve(started: Connection, shards: int, records: int, size: int) -> None:
    class Handler(_Handler):
        stream = _Stream(shards, records, size)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    started.send(f"http://127.0.0.1:{server.server_port}")
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    """The four calls of a reader."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    stream: "_Stream"

    def do_POST(self) -> None:
        call = self.headers["X-Amz-Target"].partition(".")[2]
        given = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        body = getattr(self.stream, call)(given)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_given: object) -> None:
        """Say nothing."""


class _Stream:
    """The calls, by their names; an iterator is a shard and the number of the record to go on with."""

    def __init__(self, shards: int, records: int, size: int) -> None:
        self.shards = [f"shardId-{number:012}" for number in range(shards)]
        begin = int(time.time() * 1000) - records
        self.arrivals: Sequence[int] = range(begin, begin + records)
        self.records = [_record(number, arrival, size) for number, arrival in enumerate(self.arrivals)]

    def DescribeStreamSummary(self, _given: object) -> bytes:  # noqa: N802 - Kinesis' name
        created = self.arrivals[0] / 1000 - 1
        summary = {"RetentionPeriodHours": RETENTION_HOURS, "StreamCreationTimestamp": created}
        return json.dumps({"StreamDescriptionSummary": summary}).encode()

    def ListShards(self, _given: object) -> bytes:  # noqa: N802 - Kinesis' name
        return json.dumps({"Shards": [{"ShardId": shard} for shard in self.shards]}).encode()

    def GetShardIterator(self, given: dict[str, Any]) -> bytes:  # noqa: N802 - Kinesis' name
        number = 0
        if "StartingSequenceNumber" in given:
            after = given["ShardIteratorType"] == "AFTER_SEQUENCE_NUMBER"
            number = int(given["StartingSequenceNumber"]) - FIRST_SEQUENCE + after
        elif "Timestamp" in given:
            number = bisect_left(self.arrivals, given["Timestamp"] * 1000)
        return json.dumps({"ShardIterator": f"{given['ShardId']} {number}"}).encode()

    def GetRecords(self, given: dict[str, Any]) -> bytes:  # noqa: N802 - Kinesis' name
        shard, _, first = given["ShardIterator"].partition(" ")
        stop = min(int(first) + given["Limit"], len(self.records))
        tail = {"NextShardIterator": f"{shard} {stop}", "MillisBehindLatest": len(self.records) - stop}
        return b'{"Records":[%b],%b' % (
            b",".join(self.records[int(first) : stop]),
            json.dumps(tail).encode()[1:],
        )


def _record(number: int, arrival: int, size: int) -> bytes:
    record = {
        "SequenceNumber": str(FIRST_SEQUENCE + number),
        "ApproximateArrivalTimestamp": arrival / 1000,
        "PartitionKey": str(number),
        "Data": base64.b64encode(b"%*d" % (size, number)).decode(),
    }
    return json.dumps(record).encode()
