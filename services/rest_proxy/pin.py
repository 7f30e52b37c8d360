"""`POST /pin/`: one post, to one topic for batch jobs and to one for streaming.

The route of the original's first version, which took a post as a plain JSON object.
"""

import asyncio
from collections.abc import Sequence

from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from services.rest_proxy.body import read_body
from services.rest_proxy.budget import Budget, Share
from services.rest_proxy.delivery import Deliverer
from services.rest_proxy.errors import ApiError, ErrorCode
from services.rest_proxy.records import Record, parse_object
from services.rest_proxy.results import Entry
from services.rest_proxy.topics import Topics

CONTENT_TYPE = "application/json"


class Pin:
    """The route's ASGI application.

    Args:
        names: the topics that get each post.
        max_bytes: the most that a post may have.
    """

    def __init__(
        self, topics: Topics, deliverer: Deliverer, budget: Budget, names: Sequence[str], max_bytes: int
    ) -> None:
        self._topics = topics
        self._deliverer = deliverer
        self._budget = budget
        self._names = names
        self._max_bytes = max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: 200 when every topic has acknowledged the post.

        Raises:
            ApiError: as in the table of `errors`. After 50002 and 50003 some topic may have the post all the same;
                after any other none has.
        """
        try:
            entries = await self._post(dict(scope["headers"]), receive)
        except ClientDisconnect:
            return  # before its body was complete: nothing was written, and nobody is there to be told
        places = [
            {"topic": name, "partition": entry.partition, "offset": entry.offset}
            for name, entry in zip(self._names, entries, strict=True)
        ]
        await JSONResponse({"offsets": places})(scope, receive, send)

    async def _post(self, headers: dict[bytes, bytes], receive: Receive) -> list[Entry]:
        with self._budget.share() as share:
            record = await self._read(headers, receive, share)
            share.take_records(len(self._names))
            for name in self._names:
                await self._topics.require(name)
            sent = await asyncio.gather(*(self._deliverer.send(name, [record]) for name in self._names))
        entries = [entry for [entry] in sent]
        _require_all(self._names, entries)
        return entries

    async def _read(self, headers: dict[bytes, bytes], receive: Receive, share: Share) -> Record:
        given = headers.get(b"content-type", b"").decode("latin-1")
        if given.partition(";")[0].strip().lower() != CONTENT_TYPE:
            raise ApiError(ErrorCode.UNSUPPORTED_TYPE, f"Content-Type is {given!r}; expected {CONTENT_TYPE}")
        return parse_object(await read_body(headers, receive, self._max_bytes, share))


def _require_all(names: Sequence[str], entries: Sequence[Entry]) -> None:
    """Raise what the topics that did not take the post say; 50003 only where sending it again can help."""
    failed = {name: entry for name, entry in zip(names, entries, strict=True) if entry.error_code is not None}
    if failed:
        retriable = all(entry.error_code == ErrorCode.KAFKA_RETRIABLE.code for entry in failed.values())
        reasons = "; ".join(f"{name}: {entry.error}" for name, entry in failed.items())
        raise ApiError(ErrorCode.KAFKA_RETRIABLE if retriable else ErrorCode.KAFKA_ERROR, reasons)
