"""Format rows as records of a topic (REST proxy) or of a stream (PutRecords behind API Gateway). Pure: no I/O.

Both take `{"records": [...]}` and answer for each record; they differ in what a record looks like, what fits a
request and what the answer says. Contracts: Confluent REST Proxy v2; the section "API Gateway" of docs/contracts.md.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

import msgspec
from msgspec.structs import astuple

from common.settings import Settings
from contracts.rows import Row
from contracts.tables import Table
from emulator.answers import Problem, problems_of_produce, problems_of_put_records

Route = Literal["batch", "stream"]
ROUTES: tuple[Route, ...] = ("batch", "stream")

_encode = msgspec.json.Encoder().encode


class Record(NamedTuple):
    """A row ready to be sent: its key, its element of `records`, and the bytes that count towards limits."""

    key: int
    element: bytes
    size: int


@dataclass(frozen=True)
class Format:
    """One of the two ways.

    Attributes:
        method: the HTTP method.
        headers: the request's headers.
        record: a row as a record.
        problems: takes status, body and the number of records sent; one verdict each, None is acknowledged.
        most_records: of a request.
        most_bytes: of a request, by the records' sizes.
        most_record_bytes: of a record; a larger one is never sent.
    """

    method: str
    headers: dict[str, str]
    record: Callable[[Row], Record]
    problems: Callable[[int, bytes, int], list[Problem | None]]
    most_records: int
    most_bytes: int
    most_record_bytes: int

    def requests(self, records: Iterable[Record]) -> Iterator[list[Record]]:
        """The records in order, in as few requests as the limits allow."""
        request: list[Record] = []
        size = 0
        for record in records:
            if request and (len(request) == self.most_records or size + record.size > self.most_bytes):
                yield request
                request, size = [], 0
            request.append(record)
            size += record.size
        if request:
            yield request


def body(records: Iterable[Record]) -> bytes:
    """The body of a request with these records."""
    return b'{"records":[' + b",".join(record.element for record in records) + b"]}"


class Destination(NamedTuple):
    """A topic or stream, and where under the API's URL its records go."""

    name: str
    path: str


def destination(settings: Settings, route: Route, table: Table) -> Destination:
    """Return where a table's rows go."""
    if route == "batch":
        return Destination(settings.topic(table), f"/topics/{settings.topic(table)}")
    return Destination(settings.stream(table), f"/streams/{settings.stream(table)}/records")


def _key(row: Row) -> int:
    key: int = astuple(row)[0]
    return key


def _topic_record(row: Row) -> Record:
    element = _encode({"value": row})
    return Record(_key(row), element, len(element))


def _stream_record(row: Row) -> Record:
    """Text is put into the stream as it is, so it holds the row's JSON byte for byte.

    The partition key is the row's key as text: all versions of a post are in one shard, in the order they came.
    """
    data, partition_key = _encode(row), str(_key(row))
    element = _encode({"data": data.decode(), "partition-key": partition_key})
    return Record(_key(row), element, len(data) + len(partition_key))


TOPIC = Format(
    method="POST",
    headers={
        "Content-Type": "application/vnd.kafka.json.v2+json",
        "Accept": "application/vnd.kafka.v2+json",
    },
    record=_topic_record,
    problems=problems_of_produce,
    most_records=10_000,
    # API Gateway takes 10 MB; the rest is for the commas and brackets between the records.
    most_bytes=10_000_000 - 20_000,
    most_record_bytes=10_000_000 - 20_000,  # the proxy knows its own limit, and says so of each record
)
STREAM = Format(
    method="PUT",
    headers={"Content-Type": "application/json"},
    record=_stream_record,
    problems=problems_of_put_records,
    # Kinesis' own limits (API reference of PutRecords), partition keys included.
    most_records=500,
    most_bytes=5 * 1024**2,
    most_record_bytes=1024**2,
)
FORMATS: dict[Route, Format] = {"batch": TOPIC, "stream": STREAM}
