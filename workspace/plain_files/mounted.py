"""Files that a mount shows, for Python's own functions: Hadoop does them, by the rules of the operating system."""

import errno
import os
import posixpath
import stat
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workspace.dbutils.files import Files, Status


class MountedFiles:
    """Functions of the module `os` for paths of DBFS; they raise OSError as those do."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def stat(self, path: str, *_: Any, **__: Any) -> os.stat_result:  # noqa: ANN401 - of Python's functions, here and below
        """Return what is known of a file or folder."""
        return _stat(self._status(path))

    lstat = stat

    def access(self, path: str, *_: Any, **__: Any) -> bool:  # noqa: ANN401
        """Return whether there is something: what can be listed can be read."""
        return self._files.exists(_url(path))

    def listdir(self, path: str) -> list[str]:
        """Return the names of what is in a folder."""
        return [each.name for each in self._children(path)]

    def scandir(self, path: str) -> "Entries":
        """Return what is in a folder."""
        return Entries(
            [Entry(each, f"/dbfs{posixpath.join(path, each.name)}") for each in self._children(path)]
        )

    def mkdir(self, path: str, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Make a folder."""
        if self._files.exists(_url(path)):
            raise os_error(errno.EEXIST, path)
        self._files.make_folder(_url(path))

    def remove(self, path: str, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Remove a file."""
        if self._status(path).is_dir:
            raise os_error(errno.EISDIR, path)
        self._files.remove(_url(path), recurse=False)

    unlink = remove

    def rmdir(self, path: str, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Remove an empty folder."""
        if self._children(path):
            raise os_error(errno.ENOTEMPTY, path)
        self._files.remove(_url(path), recurse=False)

    def chmod(self, path: str, *_: Any, **__: Any) -> None:  # noqa: ANN401
        """Change nothing: a bucket has neither modes nor times of one's choice."""
        self._status(path)

    utime = chmod

    def listxattr(self, path: str, *_: Any, **__: Any) -> list[str]:  # noqa: ANN401
        """Return none: a bucket has no such attributes."""
        self._status(path)
        return []

    def fetch(self, path: str, target: str) -> None:
        """Copy a file to this machine."""
        if self._status(path).is_dir:
            raise os_error(errno.EISDIR, path)
        self._files.fetch(_url(path), target)

    def store(self, source: str, path: str) -> None:
        """Copy a file of this machine into the place of one that is there."""
        self._files.store(source, _url(path))

    def _status(self, path: str) -> Status:
        if not self._files.exists(_url(path)):
            raise os_error(errno.ENOENT, path)
        return self._files.status(_url(path))

    def _children(self, path: str) -> list[Status]:
        if not self._status(path).is_dir:
            raise os_error(errno.ENOTDIR, path)
        return self._files.children(_url(path))


@dataclass(frozen=True)
class Entry:
    """A file or folder, as os.scandir gives it."""

    _status: Status
    path: str

    @property
    def name(self) -> str:
        """The last part of its path."""
        return self._status.name

    def is_dir(self, **_: bool) -> bool:
        """Return whether it is a folder."""
        return self._status.is_dir

    def is_file(self, **_: bool) -> bool:
        """Return whether it is a file."""
        return not self._status.is_dir

    def is_symlink(self) -> bool:
        """Return False: a bucket has no links."""
        return False

    def stat(self, **_: bool) -> os.stat_result:
        """Return what is known of it."""
        return _stat(self._status)

    def __fspath__(self) -> str:
        """Return its path."""
        return self.path


class Entries:
    """The iterator that os.scandir returns, which is closed."""

    def __init__(self, entries: list[Entry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Entry]:
        """Return the entries that are left."""
        return self._entries

    def __next__(self) -> Entry:
        """Return the next entry."""
        return next(self._entries)

    def __enter__(self) -> "Entries":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def close(self) -> None:
        """Close it."""


def _stat(status: Status) -> os.stat_result:
    mode = stat.S_IFDIR | 0o755 if status.is_dir else stat.S_IFREG | 0o644
    # Whoever compares two files compares this number.
    number = zlib.crc32(status.path.encode())
    seconds = status.modified // 1000
    times: dict[str, float] = {f"st_{which}time_ns": status.modified * 1_000_000 for which in "amc"}
    times |= {f"st_{which}time": status.modified / 1000 for which in "amc"}
    plain = (mode, number, 0, 1, os.getuid(), os.getgid(), status.size, seconds, seconds, seconds)
    return os.stat_result(plain, times)


def _url(path: str) -> str:
    return f"dbfs:{path}"


def os_error(number: int, path: str) -> OSError:
    """Return the operating system's error for a path of DBFS, such as FileNotFoundError for ENOENT."""
    return OSError(number, os.strerror(number), f"/dbfs{path}")
