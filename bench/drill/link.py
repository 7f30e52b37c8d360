"""A TCP connection on loopback that can be cut: clients have its port in the place of the server's."""

import asyncio
import threading
from contextlib import suppress
from typing import Self

from common.settings import LOOPBACK

_CHUNK = 64 * 1024


class Link:
    """Passes bytes on between its own port and the server's, as long as it is entered and not cut."""

    def __init__(self, port: int, server: int) -> None:
        self._port = port
        self._server = server
        self._whole = True
        self._ends: set[asyncio.StreamWriter] = set()
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

    def cut(self) -> None:
        """Break all connections; new ones are broken at once, until `mend`."""
        self._whole = False
        self._loop.call_soon_threadsafe(self._break)

    def mend(self) -> None:
        """Pass on again."""
        self._whole = True

    def _break(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _ended(self) -> None:
        self._listening.close()
        while self._ends:
            await asyncio.sleep(0.01)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self._whole:
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
        ends = {here[1], there[1]}
        self._ends |= ends
        try:
            await asyncio.gather(_copy(here[0], there[1]), _copy(there[0], here[1]))
        finally:
            self._ends -= ends
            there[1].transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on until one side ends, and tell the other that it did."""
    with suppress(ConnectionError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
