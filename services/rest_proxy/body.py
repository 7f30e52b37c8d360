"""Reading a request's body within its limits."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from services.rest_proxy.budget import Share
from services.rest_proxy.encoding import Gunzip, decoder_of
from services.rest_proxy.errors import ApiError, ErrorCode

# 16 MiB, the default limit, take 20 s on a line of 7 Mbit/s; slower than that, a client would hold its share
# of the memory for too long. With the 20 s of a delivery it stays under the 45 s that a stop may take.
READ_SECONDS = 20


async def read_body(headers: dict[bytes, bytes], receive: Receive, limit: int, share: Share) -> bytes:
    """Read the whole body, inflated where it is gzip.

    Args:
        headers: the request's; Content-Length is a number, as the server has checked, or missing where the body
            is chunked.
        receive: the request's ASGI channel.
        limit: the most bytes that a body may have, as sent and inflated.
        share: what the request holds of the memory. A body of a declared length is taken from it before any of
            it is read, one that is chunked or gzip as it arrives.

    Raises:
        ApiError: 413 over the limit, 415 neither gzip nor plain, 400 malformed gzip, 50301 no memory left, 408 not
            here within READ_SECONDS.
        ClientDisconnect: the client went away before its body was complete.
    """
    gunzip = decoder_of(headers.get(b"content-encoding", b"").decode("latin-1"))
    declared = headers.get(b"content-length")
    if declared is not None:
        _check(int(declared), limit)
    try:
        async with asyncio.timeout(READ_SECONDS):
            if declared is None or gunzip:
                return await _growing(receive, limit, share, gunzip)
            share.take_bytes(int(declared))
            return _joined([chunk async for chunk in _chunks(receive)])
    except TimeoutError:
        raise ApiError(ErrorCode.BODY_TIMEOUT, f"The body is not complete after {READ_SECONDS} s") from None


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    """Yield the body's parts as they arrive."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def _growing(receive: Receive, limit: int, share: Share, gunzip: Gunzip | None) -> bytes:
    """Read a body of which only its end tells the size."""
    taken: list[bytes] = []
    sent = size = 0
    async for chunk in _chunks(receive):
        sent += len(chunk)
        _check(sent, limit)
        for piece in gunzip.pieces(chunk) if gunzip else (chunk,):
            size += len(piece)
            _check(size, limit)
            share.take_bytes(len(piece))
            taken.append(piece)
    if gunzip:
        gunzip.finish()
    return _joined(taken)


def _joined(pieces: list[bytes]) -> bytes:
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise ApiError(ErrorCode.TOO_LARGE, f"The body has {size} bytes or more; the limit is {limit}")
