"""A TCP server on loopback before a real one, which can refuse connections and cut them off in the middle."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle, repeat
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Self

from common.settings import LOOPBACK

_PIECE_BYTES = 16_384


class UnsteadyServer:
    """Passes bytes on, as long as it is entered.

    Attributes:
        port: for clients.
        refused: how many connections were closed before a byte of theirs was passed on.
        cut: how many were closed in the middle.
    """

    def __init__(self, host: str, port: int) -> None:
        """Listen, before the server at host and port."""
        self.refused = self.cut = 0
        self._target = (host, port)
        self._limit: int | None = None
        self._refused: Iterator[bool] = repeat(False)
        self._server = _Server((LOOPBACK, 0), _handler(self))
        self.port: int = self._server.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    @contextmanager
    def unsteady(self, limit: int) -> Iterator[None]:
        """Refuse each second new connection; cut off any other that sends more than so many bytes in all."""
        self._limit = limit
        try:
            with self.refusing(cycle([True, False])):
                yield
        finally:
            self._limit = None

    @contextmanager
    def refusing(self, refused: Iterator[bool]) -> Iterator[None]:
        """Refuse those new connections for which this gives true, one after the other."""
        self._refused = refused
        try:
            yield
        finally:
            self._refused = repeat(False)

    def take(self, client: socket.socket) -> None:
        """Pass a connection's bytes on until one of the two ends it, or it is cut off."""
        if next(self._refused):
            self.refused += 1
            return
        with suppress(OSError), socket.create_connection(self._target) as server:
            back = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            back.start()
            self._pass_on_until_cut(client, server)
            _end(server)
            back.join()

    def _pass_on_until_cut(self, client: socket.socket, server: socket.socket) -> None:
        sent = 0
        while data := client.recv(_PIECE_BYTES):
            sent += len(data)
            if self._limit is not None and sent > self._limit:
                self.cut += 1
                return
            server.sendall(data)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(_PIECE_BYTES):
            target.sendall(data)
    _end(target)


def _end(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


class _Server(ThreadingTCPServer):
    daemon_threads = True


def _handler(server: UnsteadyServer) -> type[BaseRequestHandler]:
    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            server.take(self.request)

    return Handler
