"""A TCP connection on loopback that can be cut: clients have its port in the place of the server's."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

from common.settings import LOOPBACK

_CHUNK = 64 * 1024


def _all(_: int) -> bool:
    return True


def _none(_: int) -> bool:
    return False


class Link:
    """Passes bytes on between its own port and the server's, as long as it is entered and not cut."""

    def __init__(self, port: int, server: int) -> None:
        self._port = port
        self._server = server
        self._is_cut: Callable[[int], bool] = _none
        self._ends: dict[asyncio.StreamWriter, int] = {}  # and the client's port
        self._runner = asyncio.Runner()

    def __enter__(self) -> Self:
        self._loop = self._runner.get_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        listening = asyncio.start_server(self._carry, LOOPBACK, self._port)
        self._listening = asyncio.run_coroutine_threadsafe(listening, self._loop).result()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        asyncio.run_coroutine_threadsafe(self._ended(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._runner.close()

    def cut(self, is_cut: Callable[[int], bool] = _all) -> None:
        """Break all connections, or those from clients' ports of which `is_cut` says so; new ones too, until `mend`."""
        self._is_cut = is_cut
        self._loop.call_soon_threadsafe(self._break)

    def mend(self) -> None:
        """Pass on again."""
        self._is_cut = _none

    def _break(self) -> None:
        for end, port in self._ends.items():
            if self._is_cut(port):
                end.transport.abort()

    async def _ended(self) -> None:
        self._listening.close()
        while self._ends:
            await asyncio.sleep(0.01)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if not self._is_cut(_client_port(writer)):
                there = await asyncio.open_connection(LOOPBACK, self._server)
                await self._exchange((reader, writer), there)
        except OSError:
            pass  # the server is down: the client sees a broken connection
        finally:
            writer.transport.abort()

    async def _exchange(
        self,
        here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        ends = (here[1], there[1])
        self._ends |= dict.fromkeys(ends, _client_port(here[1]))
        try:
            await asyncio.gather(_copy(here[0], there[1]), _copy(there[0], here[1]))
        finally:
            for end in ends:
                del self._ends[end]
            there[1].transport.abort()


def _client_port(writer: asyncio.StreamWriter) -> int:
    port: int = writer.get_extra_info("peername")[1]
    return port


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on until one side ends, and tell the other that it did."""
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
