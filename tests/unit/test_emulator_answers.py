"""What an answer says of each record."""

import msgspec
import pytest

from emulator.answers import Problem, judge, retry_after


def answer(*entries: object) -> bytes:
    return msgspec.json.encode({"offsets": entries, "key_schema_id": None, "value_schema_id": None})


def entry(offset: int) -> dict[str, object]:
    return {"partition": 0, "offset": offset, "error_code": None, "error": None}


def test_each_entry_is_looked_at() -> None:
    busy = {"partition": None, "offset": None, "error_code": 50003, "error": "no leader"}
    broken = {"partition": None, "offset": None, "error_code": 50002, "error": "too large"}
    assert judge(200, answer(entry(0), busy, entry(1), broken), 4) == [
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
    verdicts = judge(200, body, 2)
    assert len(verdicts) == 2
    assert all(verdict and reason in verdict.reason and not verdict.retriable for verdict in verdicts)


def test_an_entry_with_neither_offset_nor_error_is_not_acknowledged() -> None:
    assert judge(200, answer({}), 1) == [Problem("an entry without an offset", retriable=False)]


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_server_that_is_busy_or_away_is_asked_again(status: int) -> None:
    body = b'{"error_code": 50301, "message": "queue full"}'
    assert judge(status, body, 2) == [Problem(f"HTTP {status}: queue full", retriable=True)] * 2


@pytest.mark.parametrize("status", [201, 301, 400, 401, 404, 413, 415, 422])
def test_any_other_status_is_final_for_all_records(status: int) -> None:
    body = b'{"error_code": 40401, "message": "Topic not found."}'
    assert judge(status, body, 2) == [Problem(f"HTTP {status}: Topic not found.", retriable=False)] * 2


@pytest.mark.parametrize("body", [b"Bad Gateway", b"[]", b'"text"', b"{}"])
def test_an_error_that_is_not_the_proxys_shows_its_text(body: bytes) -> None:
    assert judge(502, body, 1) == [Problem(f"HTTP 502: {body.decode()}", retriable=True)]


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
