"""Read from an answer what became of each record that was sent. Pure: no I/O.

Contracts: Confluent REST Proxy v2, POST /topics/{topic}; Kinesis, PutRecords. In both, records fail one by one within
a 200, so every entry is looked at; a status other than 200 speaks for all of them.
"""

from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple, TypeVar

import msgspec

RETRIABLE_ENTRY = 50003
# The server, or a gateway before it, is busy or away: the same request may succeed later.
RETRIABLE_STATUS = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.INTERNAL_SERVER_ERROR,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
# LocalStack has restarted and forgotten the API: provisioning is about to make it again.
_FORGOTTEN = b"does not correspond to a deployed API"
# The two that Kinesis documents for an entry; as the answer to all, throttling comes as a 400.
_RETRIABLE_EXCEPTIONS = frozenset({"ProvisionedThroughputExceededException", "InternalFailure"})


class Problem(NamedTuple):
    """The reason for which a record was not acknowledged."""

    reason: str
    retriable: bool


class _Offset(msgspec.Struct):
    offset: int | None = None
    error_code: int | None = None
    error: str | None = None


class _Produced(msgspec.Struct):
    offsets: list[_Offset]


class _Put(msgspec.Struct, rename="pascal"):
    sequence_number: str | None = None
    error_code: str | None = None
    error_message: str | None = None


class _PutAll(msgspec.Struct, rename="pascal"):
    records: list[_Put]


class _Error(msgspec.Struct):
    """The body of an error: the REST proxy's, API Gateway's own, or Kinesis'."""

    message: str
    type: str = msgspec.field(name="__type", default="")


_read_produced = msgspec.json.Decoder(_Produced).decode
_read_put = msgspec.json.Decoder(_PutAll).decode
_read_error = msgspec.json.Decoder(_Error).decode

Entry = TypeVar("Entry", _Offset, _Put)


def problems_of_produce(status: int, body: bytes, count: int) -> list[Problem | None]:
    """One verdict for each of the `count` records produced to a topic, in order; None is acknowledged."""
    return _problems(status, body, count, lambda: _read_produced(body).offsets, _problem_of_offset)


def problems_of_put_records(status: int, body: bytes, count: int) -> list[Problem | None]:
    """One verdict for each of the `count` records put into a stream, in order; None is acknowledged."""
    return _problems(status, body, count, lambda: _read_put(body).records, _problem_of_put)


def _problems(
    status: int,
    body: bytes,
    count: int,
    read: Callable[[], Sequence[Entry]],
    problem_of: Callable[[Entry], Problem | None],
) -> list[Problem | None]:
    if status != HTTPStatus.OK:
        return [_refusal(status, body)] * count
    try:
        entries = read()
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return [Problem(f"unreadable answer: {error}", retriable=False)] * count
    if len(entries) != count:
        return [Problem(f"{len(entries)} entries in the answer for {count} records", retriable=False)] * count
    return [problem_of(entry) for entry in entries]


def _problem_of_offset(entry: _Offset) -> Problem | None:
    if entry.error_code is not None:
        return Problem(f"{entry.error_code}: {entry.error}", entry.error_code == RETRIABLE_ENTRY)
    return Problem("an entry without an offset", retriable=False) if entry.offset is None else None


def _problem_of_put(entry: _Put) -> Problem | None:
    if entry.error_code is not None:
        reason = f"{entry.error_code}: {entry.error_message}"
        return Problem(reason, entry.error_code in _RETRIABLE_EXCEPTIONS)
    return Problem("an entry without a number", retriable=False) if entry.sequence_number is None else None


def _refusal(status: int, body: bytes) -> Problem:
    """The verdict on all records: the answer's message, or its first bytes where it has none."""
    try:
        error = _read_error(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        error = _Error(body[:100].decode(errors="replace"))
    reason = ": ".join(filter(None, (f"HTTP {status}", error.type, error.message)))
    retriable = status in RETRIABLE_STATUS or error.type in _RETRIABLE_EXCEPTIONS or _FORGOTTEN in body
    return Problem(reason, retriable)


def retry_after(value: str | None) -> float:
    """Seconds a Retry-After header asks to wait; 0 where there is none or it is not a number."""
    return float(value) if value and value.isascii() and value.isdigit() else 0.0
