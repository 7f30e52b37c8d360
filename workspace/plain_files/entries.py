"""Files and folders as os.scandir gives them."""

import os
import posixpath
import stat
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from workspace.dbutils.files import Status


@dataclass(frozen=True)
class Entry:
    """A file or folder that a mount shows."""

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
        return stat_of(self._status)

    def __fspath__(self) -> str:
        """Return its path."""
        return self.path


class LocalEntry:
    """A file or folder of DBFS' own, whose path is the one in DBFS."""

    def __init__(self, entry: "os.DirEntry[str]", folder: str) -> None:
        self._entry = entry
        self.path = posixpath.join(folder, entry.name)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - all else that an entry has
        """Return what this machine's entry has."""
        return getattr(self._entry, name)

    def __fspath__(self) -> str:
        """Return its path."""
        return self.path


class Entries:
    """The iterator that os.scandir returns, which is closed."""

    def __init__(self, entries: Sequence[Entry | LocalEntry]) -> None:
        self._entries = iter(entries)

    def __iter__(self) -> Iterator[Entry | LocalEntry]:
        """Return the entries that are left."""
        return self._entries

    def __next__(self) -> Entry | LocalEntry:
        """Return the next entry."""
        return next(self._entries)

    def __enter__(self) -> "Entries":
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""

    def close(self) -> None:
        """Close it."""


def stat_of(status: Status) -> os.stat_result:
    """Return what os.stat says of it."""
    mode = stat.S_IFDIR | 0o755 if status.is_dir else stat.S_IFREG | 0o644
    # Whoever compares two files compares this number.
    number = zlib.crc32(status.path.encode())
    seconds = status.modified // 1000
    times: dict[str, float] = {f"st_{which}time_ns": status.modified * 1_000_000 for which in "amc"}
    times |= {f"st_{which}time": status.modified / 1000 for which in "amc"}
    plain = (mode, number, 0, 1, os.getuid(), os.getgid(), status.size, seconds, seconds, seconds)
    return os.stat_result(plain, times)
