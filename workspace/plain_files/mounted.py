"""Files that a mount shows, for Python's own functions: Hadoop does them, by the rules of the operating system."""

import errno
import os
import posixpath
from typing import Any

from workspace.dbutils.files import Files, Status
from workspace.plain_files.entries import Entries, Entry, stat_of


class MountedFiles:
    """Functions of the module `os` for paths of DBFS; they raise OSError as those do."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def stat(self, path: str, *_: Any, **__: Any) -> os.stat_result:  # noqa: ANN401 - of Python's functions, here and below
        """Return what is known of a file or folder."""
        return stat_of(self._status(path))

    lstat = stat

    def access(self, path: str, *_: Any, **__: Any) -> bool:  # noqa: ANN401
        """Return whether there is something: what can be listed can be read."""
        return self._files.exists(_url(path))

    def listdir(self, path: str) -> list[str]:
        """Return the names of what is in a folder."""
        return [each.name for each in self._children(path)]

    def scandir(self, path: str) -> Entries:
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


def _url(path: str) -> str:
    return f"dbfs:{path}"


def os_error(number: int, path: str) -> OSError:
    """Return the operating system's error for a path of DBFS, such as FileNotFoundError for ENOENT."""
    return OSError(number, os.strerror(number), f"/dbfs{path}")
