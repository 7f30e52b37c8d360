"""Open a file that a mount shows: a copy on this machine, which goes back to the bucket when it is closed."""

import builtins
import errno
import io
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

from workspace.plain_files.mounted import MountedFiles, os_error


def open_mounted(files: MountedFiles, path: str, mode: str, options: dict[str, Any]) -> IO[Any]:
    """Return a file object for a path of DBFS.

    Args:
        files: the mounts.
        path: the path in DBFS.
        mode: as `open` has it.
        options: the other arguments of `open`, by name.

    Raises:
        OSError: there is no such file, or in mode x there is one.
    """
    writes = {*mode} & {*"wxa+"}
    if "x" in mode and files.access(path):
        raise os_error(errno.EEXIST, path)
    number, copy = tempfile.mkstemp(prefix="dbfs-")
    os.close(number)
    try:
        if "r" in mode or ("a" in mode and files.access(path)):
            files.fetch(path, copy)
        if writes:
            return _open_copy(copy, mode.replace("x", "w"), options, lambda: files.store(copy, path))
        opened: IO[Any] = builtins.open(copy, mode, **options)  # noqa: PTH123, SIM115
    except BaseException:
        Path(copy).unlink()
        raise
    Path(copy).unlink()  # what is open stays
    return opened


class _Copy(io.FileIO):
    """A copy that is sent when it is closed, and then removed."""

    def __init__(self, path: str, mode: str, send: Callable[[], None]) -> None:
        super().__init__(path, mode)
        self._path = path
        self._send = send

    def close(self) -> None:
        """Send it, once."""
        if self.closed:
            return
        super().close()
        try:
            self._send()
        finally:
            Path(self._path).unlink()


def _open_copy(copy: str, mode: str, options: dict[str, Any], send: Callable[[], None]) -> IO[Any]:
    raw = _Copy(copy, mode.replace("b", "").replace("t", ""), send)
    buffered = io.BufferedRandom(raw) if "+" in mode else io.BufferedWriter(raw)
    if "b" in mode:
        return buffered
    named = {name: options[name] for name in ("encoding", "errors", "newline") if name in options}
    return io.TextIOWrapper(buffered, **named)
