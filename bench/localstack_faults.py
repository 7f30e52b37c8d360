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


def _is_of_another_version(request: bytes) -> bool:
    return not _VERSION.search(request.partition(b"\r\n")[0])


def _has_no_ascii_head(request: bytes) -> bool:
    return not request.partition(b"\r\n\r\n")[0].isascii()


def _is_no_utf8(request: bytes) -> bool:
    try:
        request.decode()
    except UnicodeDecodeError:
        return True
    return False


KINDS = (
    Kind(
        "its HTTP server, which answers another version of HTTP in that version",
        re.compile(rb"the answer is no HTTP"),
        _is_of_another_version,
    ),
    Kind(
        "its HTTP server, which takes a path or a header for ASCII",
        re.compile(rb"<html><head><title>Processing Failed"),
        _has_no_ascii_head,
    ),
    Kind(
        "its check of bodies, which takes them for UTF-8",
        re.compile(rb"Error in apigateway invocation: 'utf-8' codec can't decode"),
        _is_no_utf8,
    ),
    Kind(
        "its check of bodies, which takes no integer of over 4,300 digits",
        re.compile(rb"Error in apigateway invocation: Exceeds the limit \(4300 digits\)"),
        lambda request: bool(_LONG_NUMBER.search(request)),
    ),
    Kind(
        "its check of bodies, which follows 1,000 levels",
        re.compile(rb"Error in apigateway invocation: maximum recursion depth exceeded"),
        lambda request: request.count(b"[") + request.count(b"{") >= 900,
    ),
    Kind(
        "its templates, which cannot write half a surrogate pair",
        re.compile(
            rb"Error in apigateway invocation: 'utf-8' codec can't encode characters? '?\\?.*surrogates"
        ),
        lambda request: rb"\ud" in request.lower(),
    ),
)
