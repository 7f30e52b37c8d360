"""The changed requests of the benchmarks that send them, and how their answers are judged."""

from collections.abc import Iterator
from itertools import islice

import pytest

from bench import mutated_streams
from bench.localstack_faults import kind_of
from bench.mutations import mutated, requests, stream_requests
from bench.raw_http import Exchange, lacks_bytes
from bench.seen import Seen

VALID = requests("a-topic", "127.0.0.1:8082")
OF_STREAMS = stream_requests("/_aws/execute-api/id/test", "a-stream", "127.0.0.1:4566")
COUNT = 2_000


@pytest.mark.parametrize("valid", [VALID, OF_STREAMS])
def test_a_seed_gives_the_same_requests_again(valid: list[bytes]) -> None:
    first, second = (list(islice(mutated(valid, 7), COUNT)) for _ in range(2))
    assert first == second
    assert first != list(islice(mutated(valid, 8), COUNT))


@pytest.mark.parametrize("valid", [VALID, OF_STREAMS])
def test_nearly_all_differ_from_the_valid_ones_and_from_each_other(valid: list[bytes]) -> None:
    made = list(islice(mutated(valid, 7), COUNT))
    assert sum(each in valid for each in made) < COUNT / 20
    assert len({*made}) > COUNT * 0.7


@pytest.mark.parametrize("valid", [VALID, OF_STREAMS])
def test_changed_bodies_come_with_their_true_length_too(valid: list[bytes]) -> None:
    true = 0
    for each in islice(mutated(valid, 7), COUNT):
        head, _, body = each.partition(b"\r\n\r\n")
        true += (
            each not in valid
            and b"{" in body
            and f"Content-Length: {len(body)}\r\n".encode() in head + b"\r\n"
        )
    assert true > COUNT / 10


@pytest.mark.parametrize(
    ("request_", "lacks"),
    [
        (VALID[0], False),
        (VALID[4], False),
        (b"no HTTP at all\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", False),
        (b"PUT / HTTP/1.1\r\nContent-Length: 12\r\n\r\n{", False),  # it is filled up
        (b"PUT / HTTP/1.1\r\nContent-Length: 999999\r\n\r\n{}", True),
    ],
)
def test_a_request_that_declares_more_than_it_is_filled_up_with_is_waited_for(
    request_: bytes, lacks: bool
) -> None:
    assert lacks_bytes(request_) is lacks


@pytest.mark.parametrize(
    ("body", "places"),
    [
        (b'{"ShardId": "s-0", "SequenceNumber": "7"}', [("s-0", "7")]),
        (
            b'{"FailedRecordCount": 1, "Records": [{"ShardId": "s-1", "SequenceNumber": "8"},'
            b' {"ErrorCode": "InternalFailure", "ErrorMessage": ""}]}',
            [("s-1", "8")],
        ),
        (b'{"StreamNames": ["a-stream"]}', []),
        (b"[]", []),
        (b"<ListAllMyBucketsResult/>", []),
    ],
)
def test_what_an_answer_of_api_gateway_acknowledges(body: bytes, places: list[tuple[str, str]]) -> None:
    assert [*mutated_streams.acknowledged(body)] == places


UNREADABLE = b"Error in apigateway invocation: 'utf-8' codec can't decode byte 0xff in position 1"
SILENT = "no end of the answer within 30 s"
NO_UTF8 = b'PUT / HTTP/1.1\r\nHost: h\r\n\r\n{"\xff": 1}'


@pytest.mark.parametrize(
    ("exchange", "cause"),
    [
        (
            Exchange(b"GET / HTTP/9.1\r\n\r\n", fault="the answer is no HTTP: Invalid HTTP version"),
            "HTTP server",
        ),
        (Exchange(b"GET / HTTP/1.1\r\n\r\n", fault="the answer is no HTTP: Invalid HTTP version"), None),
        (Exchange(b"GET / HTTP/9.1\r\n\r\n", fault=SILENT), None),
        (Exchange(NO_UTF8, [500], [UNREADABLE]), "check of bodies"),
        (Exchange(NO_UTF8, [500, 400], [UNREADABLE, b""]), "check of bodies"),
        (Exchange(NO_UTF8, [500, 500], [UNREADABLE, b"another"]), None),
        (Exchange(NO_UTF8.replace(b"\xff", b""), [500], [UNREADABLE]), None),
        (Exchange(NO_UTF8, [500], [b'{"message": "Internal server error"}']), None),
        (Exchange(b"GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n", [500], [b""]), "end of a line"),
        (Exchange(b"GET / HTTP/1.1\r\nA: b\r\nC: d\r\n\r\n", [500], [b""]), None),
        (
            Exchange(b"PUT / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", fault=SILENT),
            "any length",
        ),
        (Exchange(b"PUT / HTTP/1.1\r\nContent-Length: 9999\r\n\r\n", fault=SILENT), None),
    ],
)
def test_an_answer_is_localstacks_own_fault_by_its_words_and_by_what_was_sent(
    exchange: Exchange, cause: str | None
) -> None:
    found = kind_of(exchange)
    assert found is None if cause is None else cause in (found or "")


def test_what_is_lost_or_wrong_is_counted() -> None:
    def numbers(body: bytes) -> Iterator[int]:
        yield from map(int, body.split())

    seen = Seen(numbers, lambda exchange: "another" if exchange.sent == b"f" else None)
    for exchange in (
        Exchange(b"a", [200, 400], [b"1 2", b"9"]),
        Exchange(b"b", [200], [b"2 3"]),
        Exchange(b"c", [500], [b""]),
        Exchange(b"d", [503], [b""]),
        Exchange(b"e", fault="no answer"),
        Exchange(b"f", [500], [b""]),
    ):
        seen.add(exchange)
    assert seen.wrong == ["[b'']: b'c'", "no answer: b'e'"]
    found = {row.what: (row.value, row.met) for row in seen.rows({2, 3, 4}, "Kafka")}
    assert found == {
        "requests": (6, None),
        "answers with 200": (2, None),
        "answers with 400": (1, None),
        "answers with 500": (2, None),
        "answers with 503": (1, None),
        "not answered, or with a server error but 503": (2, False),
        "likewise, by another": (1, None),
        "records acknowledged": (4, None),
        "of them not in Kafka, or acknowledged twice": (2, False),
        "in Kafka, their answer cut off or not to be read": (1, None),
    }
