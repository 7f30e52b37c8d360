"""A server in the place of the API."""

import threading
from collections.abc import Iterator

import pytest

from tests.unit.emulator.scripted_proxy import Proxy


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
