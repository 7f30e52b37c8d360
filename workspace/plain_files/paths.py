"""Paths of DBFS in a notebook's plain Python: `/dbfs/...` and `/FileStore/...`, which are no paths of this machine."""

import os
import posixpath
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_PREFIXES = {"/dbfs": "", "/FileStore": "/FileStore"}


class Place(NamedTuple):
    """The place of a path of DBFS.

    Attributes:
        path: the path in DBFS, such as `/mnt/posts/a.csv`.
        local: the path on this machine, unless a mount shows it.
        mounted: a mount shows it.
        above: it is a folder above a mount, so part of what is in it is not on this machine.
    """

    path: str
    local: Path
    mounted: bool
    above: bool


def dbfs_path(path: object) -> str | None:
    """Return the path in DBFS of what Python's functions take for a path, or None for any other, such as `/tmp/x`."""
    text = os.fspath(path) if isinstance(path, str | os.PathLike) else ""
    if not isinstance(text, str) or not text.startswith(tuple(_PREFIXES)):
        return None
    text = posixpath.normpath(text)
    for prefix, folder in _PREFIXES.items():
        if text == prefix or text.startswith(f"{prefix}/"):
            return folder + text.removeprefix(prefix) or "/"
    return None


class Places:
    """Tells where paths of DBFS are."""

    def __init__(self, root: Path, points: Callable[[], Iterable[str]]) -> None:
        """Make it of the folder that is `dbfs:/`, and a function that returns where something is mounted now."""
        self._root = root
        self._points = points

    def find(self, path: object) -> Place | None:
        """Return where a path is, or None if it is none of DBFS."""
        found = dbfs_path(path)
        if found is None:
            return None
        points = [PurePosixPath(point) for point in self._points()]
        pure = PurePosixPath(found)
        return Place(
            found,
            self._root / found.lstrip("/"),
            mounted=any(pure.is_relative_to(point) for point in points),
            above=any(point.is_relative_to(pure) for point in points),
        )
