"""Requests that are nearly right: valid ones, with a few bytes of them changed. Pure: no I/O.

A change is drawn for one part of a request: its first line, its headers or its body. A changed body comes with its
true length in half of the cases, so that what reads the body is reached, and not only what reads HTTP.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from random import Random

from services.rest_proxy.records import BINARY_TYPE, JSON_TYPE

# What breaks parsers: ends of lines and texts, signs of HTTP, of JSON and of paths, numbers at the edges of types.
_TOKENS = (
    b"\0", b"\r\n", b"\r\n\r\n", b"\xff\xfe", b"\xed\xa0\x80", b"%00", b"%2e%2e/", b"../", b"?", b"#", b"*",
    b"Content-Length: 0\r\n", b"Content-Length: -1\r\n", b"Content-Length: 99999999999999999999\r\n",
    b"Transfer-Encoding: chunked\r\n", b"Content-Encoding: gzip\r\n", b"Expect: 100-continue\r\n",
    b"Upgrade: h2c\r\nConnection: Upgrade\r\n", b"Host: example.org\r\n", b"HTTP/9.9", b"GET / HTTP/1.1\r\n\r\n",
    b"null", b"true", b'""', b"{}", b"[]", b'{"records": [', b"[" * 600, b'{"a":' * 600, b'"\\ud800"', b"\\u0000",
    b"1e999", b"-0", b"NaN", b"18446744073709551616", b"2147483648", b"-1", b"1.5", b'"partition": 99,', b"9" * 400,
)  # fmt: skip

Change = Callable[[bytes, Random], bytes]


def requests(topic: str, host: str) -> list[bytes]:
    """Return the valid requests from which the others are made: each route that reads or writes the topic."""
    records = [
        {"key": str(n), "value": {"index": n, "title": "é😀", "follower_count": "12k"}} for n in range(3)
    ]
    text = json.dumps({"records": records}, ensure_ascii=False).encode()
    binary = json.dumps({"records": [{"key": "MQ==", "value": "eyJhIjogMX0="}, {"value": None}]}).encode()
    post = f"/topics/{topic}"
    return [
        _request("POST", post, host, JSON_TYPE, text),
        _request("POST", post, host, BINARY_TYPE, binary),
        _request("POST", f"{post}/partitions/0", host, JSON_TYPE, text),
        _request("POST", "/pin/", host, "application/json", b'{"index": 1, "title": "\xc3\xa9"}'),
        _request("GET", post, host),
        _request("GET", "/topics", host),
        _request("OPTIONS", post, host),
        _request("GET", "/health", host),
    ]


def stream_requests(api: str, stream: str, host: str) -> list[bytes]:
    """Return the valid requests for a stream behind API Gateway, at this path of its API: what writes comes oftener."""
    row = {"index": 1, "title": "é😀 \"q\" 'q' back\\\\slash", "follower_count": "12k"}
    entries = [
        {"data": data, "partition-key": str(n)} for n, data in enumerate((json.dumps(row), row, [None, 1.5]))
    ]
    record = json.dumps({"StreamName": stream, "Data": row, "PartitionKey": "1"}).encode()
    records = json.dumps({"records": entries}, ensure_ascii=False).encode()
    path, kind = f"{api}/streams/{stream}", "application/json"
    return [
        *(_request("PUT", f"{path}/record", host, kind, record),) * 2,
        *(_request("PUT", f"{path}/records", host, kind, records),) * 3,
        _request("GET", path, host, kind),
        _request("GET", f"{path}/sharditerator?shard-id=shardId-000000000000", host, kind),
        _request("GET", f"{api}/streams", host, kind),
    ]


def _request(method: str, path: str, host: str, kind: str = "", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", "Connection: close"]
    if kind:
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body


def mutated(valid: Sequence[bytes], seed: int) -> Iterator[bytes]:
    """Yield changed requests without end; the same ones for the same seed."""
    random = Random(seed)  # noqa: S311 - no secret: a run is to be repeated
    while True:
        request = random.choice(valid)
        for _ in range(random.choice((1, 1, 1, 2, 5))):
            request = _change_part(request, random)
        yield request


def _change_part(request: bytes, random: Random) -> bytes:
    head, blank, body = request.partition(b"\r\n\r\n")
    first, newline, headers = head.partition(b"\r\n")
    part = random.choice(("first", "headers", *("body",) * 4) if body else ("first", "headers"))
    change = random.choice(_CHANGES)
    if part == "first":
        first = change(first, random)
    elif part == "headers":
        headers = change(headers, random)
    else:
        changed = change(body, random)
        if random.random() < 0.5:
            headers = headers.replace(
                f"Content-Length: {len(body)}".encode(), f"Content-Length: {len(changed)}".encode()
            )
        body = changed
    return first + newline + headers + blank + body


def _flip(data: bytes, random: Random) -> bytes:
    """One bit of one byte."""
    at = random.randrange(len(data) + 1)
    return data[:at] + bytes(byte ^ 1 << random.randrange(8) for byte in data[at : at + 1]) + data[at + 1 :]


def _insert(data: bytes, random: Random) -> bytes:
    """One of the tokens, anywhere."""
    at = random.randrange(len(data) + 1)
    return data[:at] + random.choice(_TOKENS) + data[at:]


def _replace(data: bytes, random: Random) -> bytes:
    """One of the tokens in the place of a piece."""
    begin, end = _piece(data, random)
    return data[:begin] + random.choice(_TOKENS) + data[end:]


def _remove(data: bytes, random: Random) -> bytes:
    """A piece is left out."""
    begin, end = _piece(data, random)
    return data[:begin] + data[end:]


def _repeat(data: bytes, random: Random) -> bytes:
    """A piece is there several times."""
    begin, end = _piece(data, random)
    return data[:begin] + data[begin:end] * random.choice((2, 3, 50)) + data[end:]


def _cut(data: bytes, random: Random) -> bytes:
    """The end is missing."""
    return data[: random.randrange(len(data) + 1)]


def _piece(data: bytes, random: Random) -> tuple[int, int]:
    begin = random.randrange(len(data) + 1)
    return begin, min(len(data), begin + random.choice((1, 2, 8, 40)))


_CHANGES: tuple[Change, ...] = (_flip, _insert, _replace, _remove, _repeat, _cut)
