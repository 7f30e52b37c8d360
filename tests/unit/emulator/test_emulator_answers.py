"""Test what an answer says of each record."""

import msgspec
import pytest

from emulator.answers import Problem, problems_of_produce, problems_of_put_records, retry_after


def answer(*entries: object) -> bytes:
    return msgspec.json.encode({"offsets": entries, "key_schema_id": None, "value_schema_id": None})


def entry(offset: int) -> dict[str, object]:
    return {"partition": 0, "offset": offset, "error_code": None, "error": None}


def test_each_entry_is_looked_at() -> None:
    busy = {"partition": None, "offset": None, "error_code": 50003, "error": "no leader"}
    broken = {"partition": None, "offset": None, "error_code": 50002, "error": "too large"}
    assert problems_of_produce(200, answer(entry(0), busy, entry(1), broken), 4) == [
        None,
        Problem("50003: no leader", retriable=True),
        None,
        Problem("50002: too large", retriable=False),
    ]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "unreadable answer"),
        (b"<html>", "unreadable answer"),
        (b'{"offsets": null}', "unreadable answer"),
        (b'{"offsets": [{"offset": "x"}, {}]}', "unreadable answer"),
        (b'{"offsets": [{"error": "\xff"}]}', "unreadable answer"),
        (answer(entry(0)), "1 entries in the answer for 2 records"),
        (answer(entry(0), entry(1), entry(2)), "3 entries"),
    ],
)
def test_an_answer_that_breaks_the_contract_acknowledges_nothing(body: bytes, reason: str) -> None:
    verdicts = problems_of_produce(200, body, 2)
    assert len(verdicts) == 2
    assert all(verdict and reason in verdict.reason and verdict.retriable is False for verdict in verdicts)


def test_an_entry_with_neither_offset_nor_error_is_not_acknowledged() -> None:
    assert problems_of_produce(200, answer({}), 1) == [Problem("an entry without an offset", retriable=False)]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_that_is_busy_or_away_is_asked_again(status: int) -> None:
    body = b'{"error_code": 50301, "message": "queue full"}'
    assert problems_of_produce(status, body, 2) == [Problem(f"HTTP {status}: queue full", retriable=True)] * 2


@pytest.mark.parametrize("status", [201, 301, 400, 401, 404, 413, 415, 422])
def test_any_other_status_is_final_for_all_records(status: int) -> None:
    body = b'{"error_code": 40401, "message": "Topic not found."}'
    assert (
        problems_of_produce(status, body, 2)
        == [Problem(f"HTTP {status}: Topic not found.", retriable=False)] * 2
    )


def put(number: int) -> dict[str, object]:
    return {"SequenceNumber": str(number), "ShardId": "shardId-000000000000"}


def test_each_entry_of_put_records_is_looked_at() -> None:
    throttled = {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded"}
    failed = {"ErrorCode": "InternalFailure", "ErrorMessage": "Internal service failure."}
    refused = {"ErrorCode": "KMSDisabledException", "ErrorMessage": "no key"}
    body = msgspec.json.encode({"FailedRecordCount": 3, "Records": [put(1), throttled, failed, refused, {}]})
    assert problems_of_put_records(200, body, 5) == [
        None,
        Problem("ProvisionedThroughputExceededException: Rate exceeded", retriable=True),
        Problem("InternalFailure: Internal service failure.", retriable=True),
        Problem("KMSDisabledException: no key", retriable=False),
        Problem("an entry without a number", retriable=False),
    ]


@pytest.mark.parametrize("body", [b"{}", b'{"Records": [{"SequenceNumber": 1}]}', b'{"Records": [{}, {}]}'])
def test_an_answer_of_kinesis_that_breaks_the_contract_acknowledges_nothing(body: bytes) -> None:
    [verdict] = problems_of_put_records(200, body, 1)
    assert verdict
    assert not verdict.retriable


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (
            400,
            b'{"__type": "ResourceNotFoundException", "message": "Stream x not found"}',
            Problem("HTTP 400: ResourceNotFoundException: Stream x not found", retriable=False),
        ),
        (
            400,
            b'{"__type": "ProvisionedThroughputExceededException", "message": "Slow down"}',
            Problem("HTTP 400: ProvisionedThroughputExceededException: Slow down", retriable=True),
        ),
        (
            400,
            b'{"message": "Invalid request body"}',
            Problem("HTTP 400: Invalid request body", retriable=False),
        ),
        (429, b'{"message": "Too Many Requests"}', Problem("HTTP 429: Too Many Requests", retriable=True)),
        (
            404,
            b'{"message": "The API id \'x\' does not correspond to a deployed API Gateway API"}',
            Problem(
                "HTTP 404: The API id 'x' does not correspond to a deployed API Gateway API", retriable=True
            ),
        ),
    ],
)
def test_errors_of_the_gateway_and_of_kinesis(status: int, body: bytes, problem: Problem) -> None:
    assert problems_of_put_records(status, body, 2) == [problem] * 2
    assert problems_of_produce(status, body, 2) == [problem] * 2


@pytest.mark.parametrize("body", [b"Bad Gateway", b"[]", b'"text"', b"{}"])
def test_an_error_that_is_not_the_proxys_shows_its_text(body: bytes) -> None:
    assert problems_of_produce(502, body, 1) == [Problem(f"HTTP 502: {body.decode()}", retriable=True)]


def test_of_a_long_error_the_beginning_is_shown_whatever_its_bytes() -> None:
    body = b"<html>\xff" + b"x" * 93 + b"the rest"
    assert problems_of_produce(502, body, 1) == [
        Problem("HTTP 502: <html>\N{REPLACEMENT CHARACTER}" + "x" * 93, retriable=True)
    ]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 0),
        ("", 0),
        ("3", 3),
        ("-1", 0),
        ("1.5", 0),
        ("soon", 0),
        ("²", 0),
        ("Wed, 21 Oct 2015 07:28:00 GMT", 0),
    ],
)
def test_retry_after_is_read_in_seconds(value: str | None, seconds: float) -> None:
    assert retry_after(value) == seconds
