"""Test the ports of an isolated stack."""

import socket
from pathlib import Path

import pytest

from common.settings import LOOPBACK
from stack.local import isolated
from stack.local.isolated import free_port, make_settings, ports_of

COUNT = 200
# Linux's net.ipv4.ip_local_port_range where nobody has set another; other systems begin at 49152.
FIRST_OF_CLIENTS = 32_768


def test_free_ports_are_none_that_a_clients_connection_is_given() -> None:
    """A server that was killed would find its port taken at its next start, by a client that had looked for it."""
    assert max(free_port() for _ in range(COUNT)) < FIRST_OF_CLIENTS


def test_free_ports_of_a_process_differ() -> None:
    assert len({free_port() for _ in range(COUNT)}) == COUNT


def test_processes_of_pytest_that_run_side_by_side_have_no_port_in_common() -> None:
    """Else one could take a port of another's server, while that is being started again."""
    shares = [set(ports_of(worker)) for worker in (None, "gw0", "gw1", "gw2")]
    assert len(set().union(*shares)) == sum(map(len, shares))
    assert all(len(share) > 3000 for share in shares)


def test_a_port_that_is_taken_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as server:
        server.bind((LOOPBACK, 0))
        server.listen()
        taken, free = server.getsockname()[1], free_port()
        monkeypatch.setattr(isolated, "_ports", iter([taken, free]))
        assert free_port() == free


def test_a_stacks_ports_differ(tmp_path: Path) -> None:
    environment = make_settings(tmp_path).environment()
    ports = [port for name, port in environment.items() if name.endswith("_PORT")]
    assert len({*ports}) == len(ports) > 5
