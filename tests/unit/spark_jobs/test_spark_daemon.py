"""Spark's Python daemon as Spark starts it, without Spark: what its workers say when they are told to end."""

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO

import psutil
import pytest

from common.settings import ROOT

# Starting takes a second, on a busy machine many times that.
PATIENCE_SECONDS = 120


def read_int(stream: IO[bytes]) -> int:
    number: int = struct.unpack("!i", stream.read(4))[0]
    return number


class Daemon:
    """The daemon, which forks a worker for each connection."""

    def __init__(self, module: str, folder: Path) -> None:
        environment = os.environ | {
            "PYTHON_UNIX_DOMAIN_ENABLED": "true",
            "PYTHON_WORKER_FACTORY_SOCK_DIR": str(folder),
            "SPARK_REUSE_WORKER": "1",
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, "pyspark.worker"],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert self.process.stdout is not None
        self.path = self.process.stdout.read(read_int(self.process.stdout)).decode()

    def connect(self) -> tuple[socket.socket, psutil.Process]:
        """A worker: Spark's end of its socket, and its process."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(self.path)
        with connection.makefile("rb") as answers:
            return connection, psutil.Process(read_int(answers))

    def end(self) -> str:
        """Close its input, at which it ends; what it and its workers printed."""
        _, printed = self.process.communicate(timeout=PATIENCE_SECONDS)
        return printed.decode()


@pytest.fixture
def daemon() -> Iterator[Daemon]:
    # Not pytest's folder: a socket's path has at most 107 bytes.
    with TemporaryDirectory(prefix="daemon-") as folder:
        started = Daemon("spark_jobs.session.daemon", Path(folder))
        yield started
        started.process.kill()
        started.process.wait()


def test_an_idle_worker_whose_socket_is_closed_ends_without_a_word(daemon: Daemon) -> None:
    workers = [daemon.connect() for _ in range(2)]
    for connection, _ in workers:
        connection.close()
    psutil.wait_procs([process for _, process in workers], timeout=PATIENCE_SECONDS)
    assert not any(process.is_running() for _, process in workers)
    assert not daemon.end()


def test_a_worker_that_cannot_read_its_task_says_so(daemon: Daemon) -> None:
    connection, process = daemon.connect()
    with connection, connection.makefile("rb") as answers:
        # A task's number, then a version of Python that is none.
        connection.sendall(struct.pack("!ii", 0, 1) + b"9")
        assert read_int(answers) == -2  # Spark's PYTHON_EXCEPTION_THROWN
        assert b"PYTHON_VERSION_MISMATCH" in answers.read(read_int(answers))
    process.wait(PATIENCE_SECONDS)
    assert not daemon.end()
