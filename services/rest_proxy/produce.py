"""Answer `POST /topics/{topic}` and `POST /topics/{topic}/partitions/{partition}`: the routes under load.

It is plain ASGI within the FastAPI application (docs/adr/0007-rest-proxy-produce-path.md): FastAPI's own machinery
would add 50 microseconds to each request (five times what the rest of this module takes), and could not refuse a body
before it is read.
"""

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from services.rest_proxy.body import read_body
from services.rest_proxy.budget import Budget, Share
from services.rest_proxy.delivery import Deliverer
from services.rest_proxy.errors import MEDIA_TYPE
from services.rest_proxy.records import Record, parser_of, partition_of
from services.rest_proxy.results import ProduceResponse, encode
from services.rest_proxy.topics import Topics


class Produce:
    """The routes' ASGI application."""

    def __init__(self, topics: Topics, deliverer: Deliverer, budget: Budget, max_body_bytes: int) -> None:
        self._topics = topics
        self._deliverer = deliverer
        self._budget = budget
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Raises:
            ApiError: as in the table of `errors`; nothing of the request was written.
        """
        try:
            content = await self._produce(scope, receive)
        except ClientDisconnect:
            return  # before its body was complete: nothing was written, and nobody is there to be told
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(content)).encode()),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _produce(self, scope: Scope, receive: Receive) -> bytes:
        headers = dict(scope["headers"])
        topic, partition = scope["path_params"]["topic"], partition_of(scope["path_params"])
        with self._budget.share() as share:
            records = await self._read(headers, receive, share, partition)
            share.take_records(len(records))
            await self._topics.require(topic, partition)
            return encode(ProduceResponse(await self._deliverer.send(topic, records)))

    async def _read(
        self, headers: dict[bytes, bytes], receive: Receive, share: Share, partition: int
    ) -> list[Record]:
        parse = parser_of(headers.get(b"content-type", b"").decode("latin-1"))
        body = await read_body(headers, receive, self._max_body_bytes, share)
        return parse(body, self._budget.max_records, partition)
