"""Spark's Python daemon, with the libraries of our workers loaded once: each worker is a fork of it.

Without it every worker imports them by itself, which costs a second of CPU each time.

Spark ends a worker that has had no task for a minute, and all of them at its own end, by closing their socket. Its own
worker takes that for a task that failed, has nobody to tell, and ends with a traceback on our terminal.
"""

import socket

import boto3  # noqa: F401 - loaded for the workers
import numpy  # noqa: F401 - loaded for the workers
import pyarrow.compute  # noqa: F401 - loaded for the workers
from pyspark import daemon

_run_task = daemon.worker


def run_next_task(sock: socket.socket, authenticated: bool) -> int:
    """Wait for a task and run it; the status is not 0 where the worker is to end."""
    return 1 if _is_closed(sock) else _run_task(sock, authenticated)


def _is_closed(sock: socket.socket) -> bool:
    """Wait until Spark sends something or closes its end: whether it has closed it."""
    try:
        return not sock.recv(1, socket.MSG_PEEK)
    except ConnectionError:
        return True


if __name__ == "__main__":
    daemon.worker = run_next_task
    daemon.manager()
