"""Reading a request's body within its limits."""

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Receive

from services.rest_proxy.budget import Share
from services.rest_proxy.errors import ApiError, ErrorCode

# 16 MiB, the default limit, take 20 s on a line of 7 Mbit/s; slower than that, a client would hold its share
# of the memory for too long. With the 20 s of a delivery it stays under the 45 s that a stop may take.
READ_SECONDS = 20


def declared_length(headers: dict[bytes, bytes]) -> int | None:
    """Content-Length, which the server has checked to be a number; None for a chunked body."""
    length = headers.get(b"content-length")
    return None if length is None else int(length)


async def read_body(receive: Receive, declared: int | None, limit: int, share: Share) -> bytes:
    """The whole body.

    Args:
        receive: the request's ASGI channel.
        declared: Content-Length, or None for a chunked body; a declared body is taken from `share` before
            any of it is read, a chunked one as it arrives.
        limit: the most bytes a body may have.
        share: what the request holds of the memory.

    Raises:
        ApiError: 413 over the limit, 50301 no memory left, 408 not here within READ_SECONDS.
        ClientDisconnect: the client went away before its body was complete.
    """
    if declared is not None:
        _check(declared, limit)
        share.take_bytes(declared)
    chunks: list[bytes] = []
    received = 0
    try:
        async with asyncio.timeout(READ_SECONDS):
            more = True
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                chunk = message.get("body", b"")
                more = message.get("more_body", False)
                chunks.append(chunk)
                if declared is None:
                    received += len(chunk)
                    _check(received, limit)
                    share.take_bytes(len(chunk))
    except TimeoutError:
        raise ApiError(ErrorCode.BODY_TIMEOUT, f"The body is not complete after {READ_SECONDS} s") from None
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def _check(size: int, limit: int) -> None:
    if size > limit:
        raise ApiError(ErrorCode.TOO_LARGE, f"The body has {size} bytes or more; the limit is {limit}")
