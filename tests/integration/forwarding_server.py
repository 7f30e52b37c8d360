"""An HTTP server on loopback before a real one: a test sees each request and its answer, and may act around them."""

import http.client
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from stack.local.isolated import free_port

# Headers that say how a message is sent on one connection, not what it is.
_OF_THE_CONNECTION = {"content-length", "transfer-encoding", "connection"}


class Request(NamedTuple):
    """A request as a client sent it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """The answer to a request."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


class ForwardingServer:
    """Passes requests on, as long as it is entered; what else happens to them is for subclasses to say."""

    def __init__(self, target: str) -> None:
        """Make a server that does not listen yet.

        Args:
            target: the URL of the real server.
        """
        self._target = urlsplit(target).netloc
        self._server: ThreadingHTTPServer | None = None
        self._port = free_port()

    @property
    def url(self) -> str:
        """The URL for clients."""
        return f"http://127.0.0.1:{self._port}"

    def __enter__(self) -> Self:
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()

    def listen(self) -> None:
        """Take connections, on the port that it had before."""
        self._server = _Server(("127.0.0.1", self._port), _handler(self))
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def refuse(self) -> None:
        """Connection refused, until `listen`."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def is_listening(self) -> bool:
        """Return whether connections are taken."""
        return self._server is not None

    def answer(self, request: Request) -> Answer:
        """Answer a request, as the real server does unless a subclass says otherwise."""
        return self.forward(request)

    def forward(self, request: Request) -> Answer:
        """Return the real server's answer."""
        connection = http.client.HTTPConnection(self._target, timeout=30)
        connection.request(request.method, request.path, request.body, request.headers)
        response = connection.getresponse()
        answer = Answer(response.status, response.getheaders(), response.read())
        connection.close()
        return answer


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, *_: object) -> None:
        """A client that was killed in the middle of a request is what some of these tests are about."""


def _length(method: str, answer: Answer) -> str:
    """Return the length of the body, of which the answer to HEAD tells and has none."""
    told = [value for name, value in answer.headers if name.lower() == "content-length"]
    return told[0] if method == "HEAD" and told else str(len(answer.body))


def _handler(server: ForwardingServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _pass(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if not server.is_listening:
                raise ConnectionError("a connection kept alive ends with its server")
            answer = server.answer(Request(self.command, self.path, dict(self.headers.items()), body))
            self.send_response_only(answer.status)
            for name, value in answer.headers:
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", _length(self.command, answer))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answer.body)

        do_GET = do_PUT = do_HEAD = do_POST = do_DELETE = _pass  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    return Handler
