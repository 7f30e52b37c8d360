"""The REST proxy over real HTTP: bodies that are refused whole, encoded, sent in parts or not sent to their end."""

import gzip
import socket
import zlib

import pytest

from services.rest_proxy.records import BINARY_TYPE, JSON_TYPE
from tests.integration.rest_proxy.proxy import (
    ANSWER_SECONDS,
    MAX_BODY,
    MAX_RECORDS,
    Proxy,
    places,
    read_all,
)


def raw_answer(proxy: Proxy, request: bytes) -> bytes:
    """Return what the proxy answers to these bytes while the client neither sends more nor closes."""
    address = ("127.0.0.1", proxy.settings.rest_proxy.port)
    with socket.create_connection(address, ANSWER_SECONDS) as connection:
        connection.sendall(request)
        answer = b""
        while b"}" not in answer:
            chunk = connection.recv(65536)
            assert chunk, f"closed after {answer!r}"
            answer += chunk
        return answer


def head(topic: str, *headers: str, content_type: str = JSON_TYPE) -> bytes:
    lines = (f"POST /topics/{topic} HTTP/1.1", "Host: localhost", f"Content-Type: {content_type}", *headers)
    return "\r\n".join([*lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("body", "content_type", "status", "code"),
    [
        (b'{"records":[{"value":1}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":NaN}]}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":1},{"value":-Infinity}]}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":"\xff"}]}', JSON_TYPE, 400, 400),
        (rb'{"records":[{"value":1},{"value":"\ud83d"}]}', JSON_TYPE, 400, 400),
        (b'{"records":[{"value":"YQ=="},{"value":"Y"}]}', BINARY_TYPE, 400, 400),
        (b"", JSON_TYPE, 422, 422),
        (b"{}", JSON_TYPE, 422, 422),
        (b'{"records":[]}', JSON_TYPE, 422, 422),
        (b'{"records":{"value":1}}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1},{"valeu":1}]}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1}],"extra":1}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1}],"value_schema_id":7}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1,"partition":-1}]}', JSON_TYPE, 422, 422),
        (b'{"records":[{"value":1}]}', BINARY_TYPE, 422, 422),
        (b'{"records":[{"value":1}]}', "application/json", 415, 41501),
        (b'{"records":[{"value":1}]}', "", 415, 41501),
        (b'{"records":[' + b"{}," * MAX_RECORDS + b"{}]}", JSON_TYPE, 413, 413),
        (b" " * (MAX_BODY + 1), JSON_TYPE, 413, 413),
    ],
)
def test_what_is_refused_is_refused_whole(  # noqa: PLR0917 - pytest names its arguments
    proxy: Proxy, one_topic: str, body: bytes, content_type: str, status: int, code: int
) -> None:
    answer = proxy.post(one_topic, body, content_type)
    assert (answer.status_code, answer.json()["error_code"]) == (status, code)
    assert answer.json().keys() == {"error_code", "message"}
    assert answer.headers["content-type"] == "application/vnd.kafka.v2+json"
    places(proxy.post(one_topic, b'{"records":[{"value":"after"}]}'))
    assert {m.value() for m in read_all(proxy.settings, one_topic).values()} == {b'"after"'}


def test_a_declared_body_over_the_limit_is_refused_before_it_is_sent(proxy: Proxy, topic: str) -> None:
    answer = raw_answer(proxy, head(topic, f"Content-Length: {MAX_BODY + 1}"))
    assert answer.startswith(b"HTTP/1.1 413")


def test_a_chunked_body_is_refused_at_the_limit_though_it_has_no_end(proxy: Proxy, topic: str) -> None:
    chunk = b"%x\r\n%b\r\n" % (65536, b" " * 65536)
    answer = raw_answer(proxy, head(topic, "Transfer-Encoding: chunked") + chunk * (MAX_BODY // 65536 + 1))
    assert answer.startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize("path", ["", "/partitions/1"])
def test_a_gzip_body_is_a_body(proxy: Proxy, topic: str, path: str) -> None:
    value = b'"' + b"x" * 100_000 + b'"'
    body = gzip.compress(b'{"records":[' + b",".join([b'{"value":%b}' % value] * 15) + b"]}")
    headers = {"Content-Type": JSON_TYPE, "Content-Encoding": "gzip"}
    for content in (body, iter([body[:100], body[100:]])):
        answer = proxy.client.post(f"/topics/{topic}{path}", content=content, headers=headers)
        assert len(places(answer)) == 15
    assert {m.value() for m in read_all(proxy.settings, topic).values()} == {value}


@pytest.mark.parametrize("path", ["/topics/{}", "/topics/{}/partitions/0", "/pin/"])
@pytest.mark.parametrize(
    ("coding", "body", "status"),
    [
        ("gzip", gzip.compress(b" " * (MAX_BODY + 1), mtime=0), 413),
        ("gzip", b'{"records":[{"value":1}]}', 400),
        ("gzip", gzip.compress(b'{"records":[{"value":1}]}', mtime=0)[:-1], 400),
        ("br", b"", 415),
        ("deflate", zlib.compress(b"{}"), 415),
    ],
)
def test_an_encoded_body_is_refused_on_every_route(  # noqa: PLR0917 - pytest names its arguments
    proxy: Proxy, one_topic: str, path: str, coding: str, body: bytes, status: int
) -> None:
    content_type = "application/json" if path == "/pin/" else JSON_TYPE
    headers = {"Content-Type": content_type, "Content-Encoding": coding}
    answer = proxy.client.post(path.format(one_topic), content=body, headers=headers)
    assert (answer.status_code, answer.json()["error_code"]) == (status, status)
    assert "Content-Encoding" in answer.json()["message"] or status != 415


def test_a_chunked_body_is_a_body(proxy: Proxy, topic: str) -> None:
    parts = iter([b'{"records":[{"va', b'lue":"in ', b'parts"}]}'])
    answer = proxy.client.post(f"/topics/{topic}", content=parts, headers={"Content-Type": JSON_TYPE})
    assert read_all(proxy.settings, topic)[places(answer)[0]].value() == b'"in parts"'


def test_a_client_that_leaves_before_its_body_is_complete_writes_nothing(proxy: Proxy, topic: str) -> None:
    body = b'{"records":[{"value":1}]}'
    address = ("127.0.0.1", proxy.settings.rest_proxy.port)
    with socket.create_connection(address, ANSWER_SECONDS) as connection:
        connection.sendall(head(topic, f"Content-Length: {len(body) + 1}") + body)
    places(proxy.post(topic, b'{"records":[{"value":"after"}]}'))
    assert [m.value() for m in read_all(proxy.settings, topic).values()] == [b'"after"']
