"""LocalStack's own wrong answers to changed requests, by kind: what was sent, and what it says. Pure: no I/O.

All of them are errors of LocalStack's Python, or of the HTTP server below it, before or while it reads what is ours:
the API's definition. The same words in answer to another request are not excused.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from bench.raw_http import Exchange

_VERSION = re.compile(rb" HTTP/1\.[01]\Z")
_LONG_NUMBER = re.compile(rb"\d{4301}")
_LONG_LENGTH = re.compile(rb"Content-Length: *\d{20}")
_BARE_LINE_END = re.compile(rb"(?<!\r)\n|\r(?!\n)")


class Kind(NamedTuple):
    """A kind of wrong answer: why LocalStack gives it, its text, and what the request has to be like."""

    cause: str
    says: re.Pattern[bytes]
    sent: Callable[[bytes], bool]


def kind_of(exchange: Exchange) -> str | None:
    """Return the cause of a wrong answer; None where none of the kinds is like it."""
    said = [exchange.fault.encode()] if exchange.fault else exchange.errors
    fitting = (each for each in KINDS if all(map(each.says.match, said)) and each.sent(exchange.sent))
    return next((each.cause for each in fitting), None)


def _head(request: bytes) -> bytes:
    return request.partition(b"\r\n\r\n")[0]


def _is_of_another_version(request: bytes) -> bool:
    return not _VERSION.search(request.partition(b"\r\n")[0])


def _has_no_ascii_head(request: bytes) -> bool:
    return not _head(request).isascii()


def _is_no_utf8(request: bytes) -> bool:
    try:
        request.decode()
    except UnicodeDecodeError:
        return True
    return False


_INVOCATION = rb"Error in apigateway invocation: "

KINDS = (
    Kind(
        "LocalStack's HTTP server, which answers another version of HTTP in that version",
        re.compile(rb"the answer is no HTTP"),
        _is_of_another_version,
    ),
    Kind(
        "LocalStack's HTTP server, which takes a path or a header for ASCII",
        re.compile(rb"<html><head><title>Processing Failed"),
        _has_no_ascii_head,
    ),
    Kind(
        "LocalStack's HTTP server, which waits for a body of any length",
        re.compile(rb"no end of the answer within"),
        lambda request: bool(_LONG_LENGTH.search(_head(request))),
    ),
    Kind(
        "LocalStack's HTTP server, which passes on half an end of a line in a header",
        re.compile(rb"\Z"),
        lambda request: bool(_BARE_LINE_END.search(_head(request))),
    ),
    Kind(
        "LocalStack's gateway, which passes on headers that HTTP does not allow",
        re.compile(_INVOCATION + rb"('ascii' codec can't encode|Invalid leading whitespace)"),
        _has_no_ascii_head,
    ),
    Kind(
        "LocalStack's gateway, which takes a body for the gzip that it is said to be",
        re.compile(_INVOCATION + rb"Not a gzipped file"),
        lambda request: b"Content-Encoding: gzip" in _head(request),
    ),
    Kind(
        "LocalStack's check of bodies, which takes them for UTF-8",
        re.compile(_INVOCATION + rb"'utf-8' codec can't decode"),
        _is_no_utf8,
    ),
    Kind(
        "LocalStack's check of bodies, which takes no integer of over 4,300 digits",
        re.compile(_INVOCATION + rb"Exceeds the limit \(4300 digits\)"),
        lambda request: bool(_LONG_NUMBER.search(request)),
    ),
    Kind(
        "LocalStack's check of bodies, which follows 1,000 levels",
        re.compile(_INVOCATION + rb"maximum recursion depth exceeded"),
        lambda request: request.count(b"[") + request.count(b"{") >= 900,
    ),
    Kind(
        "LocalStack's templates, which cannot write half a surrogate pair",
        re.compile(_INVOCATION + rb"Error in template .*UnicodeEncodeError: 'utf-8'", re.DOTALL),
        lambda request: rb"\ud" in request.lower(),
    ),
    Kind(
        "LocalStack's S3, whose is each path that is nobody else's",
        re.compile(rb".*exception while calling s3 with unknown operation: Unable to parse", re.DOTALL),
        lambda request: b" /_aws/execute-api/" not in request.partition(b"\r\n")[0],
    ),
)
