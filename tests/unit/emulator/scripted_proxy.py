"""A small HTTP server in the place of API Gateway and the REST proxy, which answers from a script."""

import sys
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import msgspec

from emulator.formats import Route

PATHS: dict[Route, str] = {"batch": "/topics/id.user", "stream": "/streams/streaming-id-user/records"}
THROTTLED = "ProvisionedThroughputExceededException"


class Reply(NamedTuple):
    status: int = 200
    errors: tuple[int | str | None, ...] = ()  # of each entry; none at all acknowledges everything
    headers: dict[str, str] = {}  # noqa: RUF012 - read only
    hang_up: bool = False


class Request(NamedTuple):
    """A request as it came."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


class Proxy(ThreadingHTTPServer):
    """Answers the n-th request with the n-th reply, then acknowledges; keeps each request, and the keys of it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.script: list[Reply] = []
        self.requests: list[Request] = []
        self.received: list[list[int]] = []
        self.connections = 0
        self.on_request: Callable[[], object] = lambda: None

    def handle_error(self, request: object, client_address: object) -> None:
        """Print an error, unless it is that a client has gone before its answer."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Proxy

    def setup(self) -> None:
        super().setup()
        self.server.connections += 1

    def do_POST(self) -> None:
        assert self.path == PATHS["batch"]
        assert self.headers["Content-Type"] == "application/vnd.kafka.json.v2+json"
        self.answer([record["value"]["ind"] for record in self.records()], topic_entry, "offsets")

    def do_PUT(self) -> None:
        assert self.path == PATHS["stream"]
        assert self.headers["Content-Type"] == "application/json"
        records = self.records()
        rows = [msgspec.json.decode(record["data"]) for record in records]
        keys = [row.get("ind", row.get("index")) for row in rows]
        assert [record["partition-key"] for record in records] == [str(key) for key in keys]
        self.answer(keys, stream_entry, "Records")

    def records(self) -> list[dict[str, Any]]:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        url = f"http://{self.headers['Host']}{self.path}"
        self.server.requests.append(Request(self.command, url, dict(self.headers.items()), content))
        body = msgspec.json.decode(content)
        assert list(body) == ["records"]
        records: list[dict[str, Any]] = body["records"]
        return records

    def answer(self, keys: list[int], entry: Callable[[Any], object], name: str) -> None:
        self.server.received.append(keys)
        self.server.on_request()
        reply = self.server.script.pop(0) if self.server.script else Reply()
        if reply.hang_up:
            self.close_connection = True
            return
        entries = [entry(error) for error in reply.errors or (None,) * len(keys)]
        answer = msgspec.json.encode(
            {name: entries} if reply.status == 200 else {"error_code": reply.status, "message": "no"}
        )
        self.send_response(reply.status)
        for header, value in {**reply.headers, "Content-Length": str(len(answer))}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *args: object) -> None:
        """Stay silent."""


def topic_entry(error: int | None) -> object:
    return {"offset": None if error else 0, "error_code": error, "error": error and "why"}


def stream_entry(error: str | None) -> object:
    return {"ErrorCode": error, "ErrorMessage": "why"} if error else {"SequenceNumber": "1", "ShardId": "s"}
