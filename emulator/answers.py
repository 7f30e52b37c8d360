"""What an answer of the REST proxy says of each record that was sent. Pure: no I/O.

Contract: Confluent REST Proxy v2, POST /topics/{topic}. Records fail one by one within a 200, so every entry
is looked at; a status other than 200 speaks for all of them.
"""

from http import HTTPStatus
from typing import NamedTuple

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


class _Entry(msgspec.Struct):
    offset: int | None = None
    error_code: int | None = None
    error: str | None = None


class _Answer(msgspec.Struct):
    offsets: list[_Entry]


class Problem(NamedTuple):
    """Why a record was not acknowledged."""

    reason: str
    retriable: bool


_decode = msgspec.json.Decoder(_Answer).decode


def judge(status: int, body: bytes, count: int) -> list[Problem | None]:
    """One verdict for each of the `count` records sent, in their order; None is acknowledged."""
    if status != HTTPStatus.OK:
        return [Problem(f"HTTP {status}: {_message(body)}", status in RETRIABLE_STATUS)] * count
    try:
        entries = _decode(body).offsets
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return [Problem(f"unreadable answer: {error}", retriable=False)] * count
    if len(entries) != count:
        return [Problem(f"{len(entries)} entries in the answer for {count} records", retriable=False)] * count
    return [_judge_entry(entry) for entry in entries]


def _judge_entry(entry: _Entry) -> Problem | None:
    if entry.error_code is not None:
        return Problem(f"{entry.error_code}: {entry.error}", entry.error_code == RETRIABLE_ENTRY)
    return Problem("an entry without an offset", retriable=False) if entry.offset is None else None


def _message(body: bytes) -> str:
    """The message of an error answer, or its first bytes where it is not the proxy's."""
    try:
        return str(msgspec.json.decode(body)["message"])
    except (msgspec.DecodeError, UnicodeDecodeError, TypeError, KeyError):
        return body[:100].decode(errors="replace")


def retry_after(value: str | None) -> float:
    """Seconds a Retry-After header asks to wait; 0 where there is none or it is not a number."""
    return float(value) if value and value.isascii() and value.isdigit() else 0.0
