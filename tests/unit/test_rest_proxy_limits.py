"""What a request may hold: the body's limit and the budget of all requests together."""

import asyncio
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
    messages: Iterable[Message], declared: int | None, limit: int = 10, budget: Budget | None = None
) -> bytes:
    with (budget or Budget(1000, 10)).share() as share:
        return asyncio.run(read_body(channel(messages), declared, limit, share))


@pytest.mark.parametrize("declared", [10, None])
def test_a_body_of_the_limit_is_read(declared: int | None) -> None:
    assert read(chunks(b"01234", b"56789"), declared) == b"0123456789"
    assert read(chunks(b"0123456789"), declared) == b"0123456789"


def test_a_declared_body_over_the_limit_is_413_before_it_is_read() -> None:
    with pytest.raises(ApiError) as refusal:
        read([], declared=11)  # nothing ever arrives: reading would not return
    assert refusal.value.error.code == 413


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


@pytest.mark.parametrize("declared", [6, None])
def test_a_body_for_which_no_memory_is_left_is_503_and_gives_back_what_it_took(declared: int | None) -> None:
    budget = Budget(10, 10)
    with budget.share() as other:
        other.take_bytes(5)
        with pytest.raises(ApiError) as refusal:
            read(chunks(b"012", b"345"), declared, budget=budget)
        assert (refusal.value.error.code, refusal.value.headers) == (50301, {"Retry-After": "1"})
        assert budget.bytes == 5
    assert budget.bytes == 0
    assert read(chunks(b"012", b"345"), declared, budget=budget) == b"012345"


def test_records_are_taken_all_or_none() -> None:
    budget = Budget(1000, 10)
    with budget.share() as first, budget.share() as second:
        first.take_records(6)
        with pytest.raises(ApiError) as refusal:
            second.take_records(5)
        assert refusal.value.error.code == 50301
        assert budget.records == 6
        second.take_records(4)
        assert budget.records == 10
    assert budget.records == 0
