"""Test what a request may hold: the body's limit and the budget of all requests together."""

import asyncio
import gzip
import tracemalloc
import zlib
from collections.abc import Iterable

import pytest
from starlette.requests import ClientDisconnect
from starlette.types import Message, Receive

from services.rest_proxy import body
from services.rest_proxy.body import read_body
from services.rest_proxy.budget import Budget
from services.rest_proxy.errors import ApiError


def chunks(*parts: bytes) -> list[Message]:
    last = len(parts) - 1
    return [{"type": "http.request", "body": part, "more_body": i < last} for i, part in enumerate(parts)]


def channel(messages: Iterable[Message]) -> Receive:
    """A client that sends these messages and then nothing more, without closing."""
    left = iter(messages)

    async def receive() -> Message:
        for message in left:
            return message
        return await asyncio.Event().wait()  # type: ignore[return-value] # never returns

    return receive


def read(
    messages: Iterable[Message],
    declared: int | None,
    limit: int = 10,
    budget: Budget | None = None,
    coding: bytes | None = None,
) -> bytes:
    headers = {b"content-length": b"%d" % declared} if declared is not None else {}
    headers |= {} if coding is None else {b"content-encoding": coding}
    with (budget or Budget(1000, 10)).share() as share:
        return asyncio.run(read_body(headers, channel(messages), limit, share))


@pytest.mark.parametrize("declared", [10, None])
def test_a_body_of_the_limit_is_read(declared: int | None) -> None:
    assert read(chunks(b"01234", b"56789"), declared) == b"0123456789"
    assert read(chunks(b"0123456789"), declared) == b"0123456789"


def test_a_declared_body_over_the_limit_is_413_before_it_is_read() -> None:
    with pytest.raises(ApiError) as refusal:
        read([], declared=11)  # nothing ever arrives: reading would not return
    assert refusal.value.error.code == 413
    assert str(refusal.value) == "The body has 11 bytes or more; the limit is 10"


def test_a_chunked_body_is_413_at_the_chunk_that_passes_the_limit() -> None:
    endless = iter(chunks(b"01234", b"56789", b"x", b"never read"))
    with pytest.raises(ApiError) as refusal:
        read(endless, declared=None)
    assert refusal.value.error.code == 413
    assert next(endless)["body"] == b"never read"


def test_a_client_that_goes_away_is_no_request() -> None:
    with pytest.raises(ClientDisconnect):
        read([*chunks(b"0", b"1")[:1], {"type": "http.disconnect"}], declared=10)


def test_a_body_that_does_not_arrive_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "READ_SECONDS", 0.05)
    with pytest.raises(ApiError) as refusal:
        read(chunks(b"0", b"1")[:1], declared=10)
    assert refusal.value.error.code == 408
    assert str(refusal.value) == "The body is not complete after 0.05 s"


@pytest.mark.parametrize("declared", [0, None])
def test_a_message_that_says_nothing_is_the_end_of_an_empty_body(declared: int | None) -> None:
    """In ASGI, `body` and `more_body` may be left out."""
    assert read([{"type": "http.request"}], declared) == b""


@pytest.mark.parametrize("declared", [6, None])
def test_a_body_for_which_no_memory_is_left_is_503_and_gives_back_what_it_took(declared: int | None) -> None:
    budget = Budget(10, 10)
    with budget.share() as other:
        other.take_bytes(5)
        with pytest.raises(ApiError, match=r"^0 records and \d bytes are in flight") as refusal:
            read(chunks(b"012", b"345"), declared, budget=budget)
        assert (refusal.value.error.code, refusal.value.headers) == (50301, {"Retry-After": "1"})
        assert budget.bytes == 5
    assert budget.bytes == 0
    assert read(chunks(b"012", b"345"), declared, budget=budget) == b"012345"


def in_parts(data: bytes, size: int) -> list[Message]:
    return chunks(*(data[start : start + size] for start in range(0, len(data), size)))


TEXT = bytes(range(256)) * 1000


@pytest.mark.parametrize("part", [1, 7, 10**6])
@pytest.mark.parametrize("coding", [b"gzip", b"GZip", b"x-gzip", b"identity, gzip"])
def test_a_gzip_body_is_inflated(coding: bytes, part: int) -> None:
    sent = gzip.compress(TEXT)
    for declared in (len(sent), None):
        assert read(in_parts(sent, part), declared, len(TEXT), Budget(len(TEXT), 1), coding) == TEXT


@pytest.mark.parametrize("part", [1, 10**6])
def test_a_gzip_body_may_have_several_members(part: int) -> None:
    sent = gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two")
    assert read(in_parts(sent, part), len(sent), 200, coding=b"gzip") == b"onetwo"


@pytest.mark.parametrize("coding", [b"", b"identity", b" , Identity"])
def test_identity_is_no_coding(coding: bytes) -> None:
    assert read(chunks(b"0123"), 4, coding=coding) == b"0123"


def test_a_gzip_body_without_a_byte_is_empty() -> None:
    assert read(chunks(b""), 0, coding=b"gzip") == b""


@pytest.mark.parametrize("coding", [b"br", b"deflate", b"zstd", b"gzip, gzip", b"gzip;q=1", b"\xff"])
def test_another_coding_is_415_and_is_named(coding: bytes) -> None:
    with pytest.raises(ApiError) as refusal:
        read([], 4, coding=coding)
    named = coding.decode("latin-1")
    assert str(refusal.value) == f"Content-Encoding is {named!r}; expected gzip or identity"
    assert (refusal.value.error.code, refusal.value.headers) == (415, {"Accept-Encoding": "gzip, identity"})


SENT = gzip.compress(b"0123456789" * 20, mtime=0)


NOT_GZIP, TOO_SHORT = r"^The body is not gzip: \S", r"^The body ends before its gzip data do$"


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b'{"records":[]}', NOT_GZIP),
        (SENT[:-1], TOO_SHORT),
        (SENT[:9], TOO_SHORT),
        (SENT + b"\0", TOO_SHORT),  # a member may begin like this
        (SENT + SENT[:-1], TOO_SHORT),
        (SENT[:-8] + b"12345678", NOT_GZIP),
        (SENT[2:], NOT_GZIP),
    ],
)
@pytest.mark.parametrize("part", [1, 10**6])
def test_malformed_gzip_is_400(sent: bytes, part: int, said: str) -> None:
    with pytest.raises(ApiError, match=said) as refusal:
        read(in_parts(sent, part), len(sent), 10_000, coding=b"gzip")
    assert refusal.value.error.code == 400


def test_the_limit_holds_for_what_a_body_inflates_to() -> None:
    sent = gzip.compress(b"x" * 1000)
    assert len(read(chunks(sent), len(sent), limit=1000, coding=b"gzip")) == 1000
    with pytest.raises(ApiError) as refusal:
        read(chunks(sent), len(sent), limit=999, coding=b"gzip")
    assert refusal.value.error.code == 413


def test_a_bomb_is_413_before_it_is_inflated_whole() -> None:
    bomb = zlib.compress(b"\0" * 200_000_000, wbits=31)
    budget = Budget(10**9, 1)
    tracemalloc.start()
    with pytest.raises(ApiError) as refusal:
        read(chunks(bomb), len(bomb), 10**6, budget, b"gzip")
    assert refusal.value.error.code == 413
    assert tracemalloc.get_traced_memory()[1] < 3 * 10**6
    tracemalloc.stop()
    assert budget.bytes == 0


def test_members_of_nothing_do_not_pass_the_limit_either() -> None:
    empty = gzip.compress(b"")
    with pytest.raises(ApiError) as refusal:
        read(chunks(*[empty] * 6), None, limit=5 * len(empty), coding=b"gzip")
    assert refusal.value.error.code == 413


def test_an_inflated_body_for_which_no_memory_is_left_is_503() -> None:
    sent = gzip.compress(b"x" * 1000)
    with pytest.raises(ApiError) as refusal:
        read(chunks(sent), len(sent), 1000, Budget(999, 1), b"gzip")
    assert refusal.value.error.code == 50301


def test_records_are_taken_all_or_none() -> None:
    budget = Budget(1000, 10)
    with budget.share() as first, budget.share() as second:
        first.take_records(2)
        first.take_records(4)
        with pytest.raises(ApiError) as refusal:
            second.take_records(5)
        assert (refusal.value.error.code, refusal.value.headers) == (50301, {"Retry-After": "1"})
        held = "6 records and 0 bytes are in flight; nothing of this request was written"
        assert str(refusal.value) == held
        assert budget.records == 6
        second.take_records(4)
        assert budget.records == 10
    assert budget.records == 0
