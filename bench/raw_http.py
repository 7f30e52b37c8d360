"""Send requests as the bytes that they are, however wrong, and read every answer that comes."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, HttpResponseParser

# A request that lacks bytes is waited for. It has half a second to be answered as it is,
_QUIET_SECONDS = 0.5
# and then so much comes that it is complete, whatever length it declared, or nonsense.
FILLING_BYTES = 20_000
_FILLING = b"\r\n\r\n" + b"0\r\n\r\n" * (FILLING_BYTES // 5)
# The REST proxy gives a body 20 s, and a delivery 20 more; on a busy machine twice that.
_ANSWER_SECONDS = 80.0
_SERVER_ERROR = 500
_UNAVAILABLE = 503


@dataclass
class Exchange:
    """A request and all that was answered.

    Attributes:
        sent: the request.
        statuses: of each answer, in order: bytes that begin anew within the request are a request of their own.
        bodies: of each answer.
        fault: why nothing was answered, or how the answer breaks HTTP; empty where all is well.
    """

    sent: bytes
    statuses: list[int] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    fault: str = ""

    @property
    def errors(self) -> list[bytes]:
        """The bodies of the answers that are a server's error, but for 503."""
        answers = zip(self.statuses, self.bodies, strict=True)
        return [body for status, body in answers if status >= _SERVER_ERROR and status != _UNAVAILABLE]


class _Answers:
    """The events of httptools, which names the methods, put into an exchange."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange
        self._parser = HttpResponseParser(self)
        self.complete = 0

    def feed(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_headers_complete(self) -> None:
        self._exchange.statuses.append(self._parser.get_status_code())
        self._exchange.bodies.append(b"")

    def on_body(self, body: bytes) -> None:
        self._exchange.bodies[-1] += body

    def on_message_complete(self) -> None:
        self.complete += 1


class _Requests:
    """Notes whether a whole request was among the bytes."""

    complete = False

    def on_message_complete(self) -> None:
        self.complete = True


def lacks_bytes(request: bytes) -> bool:
    """Return whether a server has to wait for the rest of a request, whatever it is filled up with here."""
    requests = _Requests()
    try:
        HttpRequestParser(requests).feed_data(request + _FILLING)
    except (HttpParserError, HttpParserUpgrade):
        return False
    return not requests.complete


async def exchange(address: tuple[str, int], request: bytes, patience: float = _ANSWER_SECONDS) -> Exchange:
    """Send a request on a connection of its own, and return what was answered within so many seconds."""
    made = Exchange(request)
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(request)
        async with asyncio.timeout(patience):
            await _read(reader, writer, made)
    except TimeoutError:
        made.fault = f"no end of the answer within {patience:g} s"
    except HttpParserError as error:
        made.fault = f"the answer is no HTTP: {error}"
    except ConnectionError as error:
        made.fault = "" if made.statuses else f"no answer: {error}"
    finally:
        writer.close()
    return made


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, made: Exchange) -> None:
    """Read until the server closes the connection, or has answered and is quiet."""
    answers, filled = _Answers(made), False
    while True:
        try:
            data = await asyncio.wait_for(reader.read(65_536), _QUIET_SECONDS)
        except TimeoutError:
            if answers.complete:
                return
            if not filled:
                filled = True
                writer.write(_FILLING)
            continue
        if not data:
            made.fault = "" if made.statuses else "closed without an answer"
            return
        answers.feed(data)


async def exchange_all(
    address: tuple[str, int],
    requests: Iterator[bytes],
    connections: int,
    seen: Callable[[Exchange], None],
    patience: float = _ANSWER_SECONDS,
) -> None:
    """Send the requests, so many at a time, each on a connection of its own; `seen` is given what came of each."""

    async def one_after_the_other() -> None:
        for request in requests:
            seen(await exchange(address, request, patience))

    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(one_after_the_other())
