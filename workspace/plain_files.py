"""Let a notebook's plain Python open `/dbfs/...` and `/FileStore/...`, which are no paths of this machine."""

import builtins
import posixpath
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

_PREFIXES = {"/dbfs/": "", "/FileStore/": "FileStore/"}


def local_path(path: object, root: Path) -> object:
    """Return where a path of DBFS is on this machine; what is none, such as a number or `/tmp/x`, as it is.

    Args:
        path: what `open` takes.
        root: the folder that is `dbfs:/`.
    """
    text = posixpath.normpath(path) if isinstance(path, str | Path) else ""
    for prefix, folder in _PREFIXES.items():
        if text.startswith(prefix):
            return root / folder / text.removeprefix(prefix)
    return path


def opener(root: Path) -> Callable[..., IO[Any]]:
    """Return an `open` that knows DBFS' paths."""

    def open(file: object, *args: Any, **options: Any) -> IO[Any]:  # noqa: ANN401 - Python's own arguments
        """Open a file; `/dbfs/...` and `/FileStore/...` are DBFS'."""
        found: IO[Any] = builtins.open(local_path(file, root), *args, **options)  # type: ignore[call-overload]  # noqa: PTH123, SIM115
        return found

    return open
