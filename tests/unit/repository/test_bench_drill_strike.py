"""A drill's faults reach processes and connections, and nothing stays stopped or cut off after them."""

import http.client
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from bench.drill.link import Link
from bench.drill.plan import Fault, Kind
from bench.drill.strike import Striker, ports_of
from common.wait import wait_until
from stack.local import processes
from stack.local.isolated import free_port, make_settings

_PARENT = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'input()'])"


class _Hello(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5")
        self.end_headers()
        self.wfile.write(b"hello")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[int]:
    """The port of a server that says hello."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hello) as listening:
        thread = threading.Thread(target=listening.serve_forever, args=(0.05,))
        thread.start()
        yield listening.server_address[1]
        listening.shutdown()
        thread.join()


@pytest.fixture
def parent() -> Iterator[psutil.Process]:
    """A process that waits for a child of its own."""
    with subprocess.Popen([sys.executable, "-c", _PARENT], stdin=subprocess.PIPE) as process:
        found = psutil.Process(process.pid)
        wait_until(found.children, timeout=60, what="the child to start")
        yield found
        for each in found.children() if process.poll() is None else []:
            each.kill()


def _ask(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", "/")
    return connection.getresponse().read()


def _ask_often(connection: http.client.HTTPConnection) -> None:
    """The first answers may have come before the cut reached the link's own thread."""
    for _ in range(1000):
        _ask(connection)


def _asked_anew(port: int) -> bytes:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        return _ask(connection)


def test_a_link_passes_on_until_it_is_cut_and_again_once_mended(server: int) -> None:
    with Link(port := free_port(), server) as link:
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as kept:
            assert _ask(kept) == _ask(kept) == b"hello"
            link.cut()
            with pytest.raises((ConnectionError, http.client.HTTPException)):
                _ask_often(kept)
        with pytest.raises((ConnectionError, http.client.HTTPException)):
            _asked_anew(port)
        link.mend()
        assert _asked_anew(port) == b"hello"


_CLIENT = """
import http.client, sys
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]), timeout=60)
try:
    while connection.request("GET", "/") or connection.getresponse().read():
        pass
except (ConnectionError, http.client.HTTPException):
    print("broken", flush=True)
input()
"""


def test_a_cut_of_one_client_leaves_the_others_alone(server: int, tmp_path: Path) -> None:
    seen = list[str]()
    with Link(port := free_port(), server) as link:
        command = [sys.executable, "-c", _CLIENT, str(port)]
        with (
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client,
            closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as other,
        ):
            assert _ask(other) == b"hello"
            wait_until(
                lambda: ports_of(processes.tree(client.pid)), timeout=60, what="the client's connection"
            )

            def look(_: float) -> None:
                assert client.stdout
                seen.append(client.stdout.readline())
                assert _ask(other) == _asked_anew(port) == b"hello"

            striker = Striker(make_settings(tmp_path), link, lambda _: client.pid, look)
            striker.strike(Fault("cut", "localstack", 0, 7.0, awaited=True, client="s3-sink"))
            client.communicate("\n")
    assert seen == ["broken\n"]


def test_a_link_to_a_server_that_is_down_breaks_the_connection() -> None:
    with Link(port := free_port(), free_port()), pytest.raises((ConnectionError, http.client.HTTPException)):
        _asked_anew(port)


def _striker(folder: Path, pid: int, sleep: Callable[[float], None] = time.sleep) -> Striker:
    return Striker(make_settings(folder), Link(0, 0), lambda _: pid, sleep)


def test_a_kill_is_over_when_the_process_is(parent: psutil.Process, tmp_path: Path) -> None:
    children = parent.children()
    _striker(tmp_path, parent.pid).strike(Fault("kill", "kafka", 0, 0, awaited=True))
    assert not parent.is_running()
    for each in children:
        each.kill()


@pytest.mark.parametrize(("kind", "target"), [("pause", "mysql"), ("cut", "kafka")])
def test_a_pause_stops_a_service_with_its_children_and_ends(
    kind: Kind, target: str, parent: psutil.Process, tmp_path: Path
) -> None:
    tree, seen = [parent, *parent.children()], list[str]()

    def look(seconds: float) -> None:
        wait_until(
            lambda: {each.status() for each in tree} == {psutil.STATUS_STOPPED}, timeout=60, what="a stop"
        )
        seen.append(f"stopped for {seconds}")

    _striker(tmp_path, parent.pid, look).strike(Fault(kind, target, 0, 7.0, awaited=True))
    assert seen == ["stopped for 7.0"]
    wait_until(
        lambda: psutil.STATUS_STOPPED not in {each.status() for each in tree}, timeout=60, what="a start"
    )


def test_a_pause_ends_with_the_drill(parent: psutil.Process, tmp_path: Path) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    striker = _striker(tmp_path, parent.pid, interrupt)
    with pytest.raises(KeyboardInterrupt):
        striker.strike(Fault("pause", "kafka", 0, 7.0, awaited=True))
    wait_until(lambda: parent.status() != psutil.STATUS_STOPPED, timeout=60, what="a start")


def test_a_service_without_a_process_is_left_alone(tmp_path: Path) -> None:
    _striker(tmp_path, 0).strike(Fault("kill", "kafka", 0, 0, awaited=True))


@pytest.mark.parametrize(("target", "seconds"), [("clock ahead", 3600), ("clock back", -3600)])
def test_a_step_moves_the_clock_by_an_hour(
    target: str, seconds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moved: list[int] = []
    monkeypatch.setattr("bench.drill.clock.step", moved.append)
    _striker(tmp_path, 0).strike(Fault("step", target, 0, 0, awaited=True))
    assert moved == [seconds]
