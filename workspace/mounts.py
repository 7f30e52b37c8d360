"""The mounts of the workspace: a file that every notebook reads, so that they last over restarts.

The file holds keys, so only this account reads it. A lock beside it lets one notebook at a time change it.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

from workspace.folders import WAREHOUSE, own_folder

RESERVED = (WAREHOUSE,)
"""Folders that are links of their own."""


@dataclass(frozen=True)
class Mount:
    """A folder of DBFS that shows what a bucket holds.

    Attributes:
        point: its absolute path, such as `/mnt/posts`.
        source: the URL, without keys.
        target: the URL by which Hadoop reads it.
        encryption_type: as it was given; without effect.
        options: Hadoop's options of its bucket, keys among them.
    """

    point: str
    source: str
    target: str
    encryption_type: str = ""
    options: dict[str, str] = field(default_factory=dict, repr=False)


class MountTable:
    """The mounts by their point."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, Mount]:
        """Return all mounts as the file has them now."""
        try:
            stored = json.loads(self._path.read_text())
        except FileNotFoundError:
            return {}
        return {each["point"]: Mount(**each) for each in stored}

    def add(self, mount: Mount) -> None:
        """Keep a mount.

        Raises:
            ValueError: the point is taken, or within another mount, or around one.
        """
        with self._changing() as mounts:
            if mount.point in mounts:
                raise ValueError(f"Directory already mounted: {mount.point}")
            if other := next((point for point in (*mounts, *RESERVED) if _overlap(point, mount.point)), None):
                raise ValueError(
                    f"{mount.point} overlaps with {other}: choose another path, or unmount that one first"
                )
            mounts[mount.point] = mount

    def replace(self, mount: Mount) -> None:
        """Keep a mount in the place of the one at its point.

        Raises:
            KeyError: nothing is mounted there.
        """
        with self._changing() as mounts:
            del mounts[mount.point]
            mounts[mount.point] = mount

    def remove(self, point: str) -> Mount:
        """Forget a mount and return it.

        Raises:
            KeyError: nothing is mounted there.
        """
        with self._changing() as mounts:
            return mounts.pop(point)

    @contextmanager
    def _changing(self) -> Iterator[dict[str, Mount]]:
        own_folder(self._path.parent)
        with self._path.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            mounts = self.read()
            yield mounts
            self._write(mounts)

    def _write(self, mounts: dict[str, Mount]) -> None:
        draft = self._path.with_suffix(".tmp")
        with open(draft, "w", opener=_for_this_account) as file:
            json.dump([asdict(mount) for mount in mounts.values()], file, indent=1)
        draft.replace(self._path)  # in one step: a reader never sees half a file


def _for_this_account(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _overlap(one: str, other: str) -> bool:
    first, second = PurePosixPath(one), PurePosixPath(other)
    return first.is_relative_to(second) or second.is_relative_to(first)
