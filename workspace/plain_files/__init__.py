"""Let a notebook's plain Python, pandas among it, use DBFS' paths: `open`, and the module `os` with all that uses it.

Python's own functions are replaced by ones that know these paths, in the whole process, since a library calls them by
its own names. What opens files without Python, such as pyarrow, does not pass there.
"""

import builtins
import errno
import glob
import inspect
import io
import os
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from workspace.dbutils.files import Files
from workspace.hadoop import linked_points
from workspace.plain_files.entries import Entries, LocalEntry
from workspace.plain_files.mounted import MountedFiles
from workspace.plain_files.paths import Places
from workspace.plain_files.staged import open_mounted

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Those that look at a folder; of one above a mount, part is not on this machine.
_LOOKS = ("stat", "lstat", "access", "listdir", "scandir")
_CHANGES = ("mkdir", "remove", "unlink", "rmdir", "chmod", "utime", "listxattr")
_ONLY_HERE = ("open", "truncate", "chdir", "readlink", "getxattr", "setxattr")
_OF_TWO = ("rename", "replace", "link", "symlink")

# The class by which pathlib's globs work in Python 3.13, which has os.scandir by itself.
_GLOBBER = getattr(glob, "_StringGlobber", None)

Function = Callable[..., Any]


class PlainFiles:
    """Python's functions on files, and their counterparts that know DBFS' paths."""

    def __init__(self, places: Places, mounted: MountedFiles) -> None:
        self._places = places
        self._mounted = mounted
        self._open = builtins.open

    def functions(self) -> dict[str, Function]:
        """Return the counterparts of functions of the module `os`, by name."""
        one = {name: self._of_one(name, getattr(os, name)) for name in (*_LOOKS, *_CHANGES, *_ONLY_HERE)}
        return one | {name: self._of_two(getattr(os, name)) for name in _OF_TWO}

    def open(self, file: Any, mode: str = "r", *args: Any, **options: Any) -> IO[Any]:  # noqa: ANN401 - Python's own
        """Open a file, also one of DBFS."""
        place = self._places.find(file)
        if place is None or not place.mounted:
            found: IO[Any] = self._open(place.local if place else file, mode, *args, **options)
            return found
        given = inspect.signature(self._open).bind(file, mode, *args, **options).arguments
        rest = {name: value for name, value in given.items() if name not in {"file", "mode"}}
        return open_mounted(self._mounted, place.path, mode, rest)

    def _of_one(self, name: str, function: Function) -> Function:
        @wraps(function)
        def call(path: Any = ".", *args: Any, **options: Any) -> Any:  # noqa: ANN401
            place = self._places.find(path)
            if place is None:
                return function(path, *args, **options)
            if place.mounted or (place.above and name in _LOOKS):
                if name in _ONLY_HERE:
                    raise _refused(path)
                return getattr(self._mounted, name)(place.path, *args, **options)
            found = function(place.local, *args, **options)
            return _listed(found, os.fspath(path)) if name == "scandir" else found

        return call

    def _of_two(self, function: Function) -> Function:
        @wraps(function)
        def call(source: Any, target: Any, *args: Any, **options: Any) -> Any:  # noqa: ANN401
            places = [self._places.find(path) for path in (source, target)]
            if any(place and place.mounted for place in places):
                # At which shutil.move copies.
                raise OSError(
                    errno.EXDEV, "A mount is a file system of its own: dbutils.fs.mv moves", str(source)
                )
            paths = [
                place.local if place else path for place, path in zip(places, (source, target), strict=True)
            ]
            return function(*paths, *args, **options)

        return call


def use_dbfs(session: "SparkSession", root: Path) -> None:
    """Have all Python code of this process use the session's DBFS, whose own folder is the root."""
    mounted = MountedFiles(Files(session, "open"))
    files = PlainFiles(Places(root, partial(linked_points, session)), mounted)
    for name, function in files.functions().items():
        # In which libraries look what a function of `os` can do.
        for able in (
            os.supports_dir_fd,
            os.supports_effective_ids,
            os.supports_fd,
            os.supports_follow_symlinks,
        ):
            if getattr(os, name) in able:
                able.add(function)
        if getattr(_GLOBBER, name, None) is getattr(os, name):
            setattr(_GLOBBER, name, staticmethod(function))
        setattr(os, name, function)
    builtins.open = io.open = files.open  # type: ignore[assignment]


def _listed(found: Any, folder: str) -> Entries:  # noqa: ANN401 - os.scandir's iterator
    with found as entries:
        return Entries([LocalEntry(entry, folder) for entry in entries])


def _refused(path: object) -> OSError:
    return OSError(errno.ENOTSUP, "A mount has no such files: `open` and dbutils.fs know them", str(path))
