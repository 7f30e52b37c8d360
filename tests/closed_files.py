"""Files and folders that this account may not read, also where it is root."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

NOBODY = 65534


@contextmanager
def open_folder() -> Iterator[Path]:
    """Make a folder that other accounts reach too, unlike pytest's own."""
    with TemporaryDirectory() as name:
        path = Path(name)
        path.chmod(0o755)
        yield path


@contextmanager
def closed(path: Path, mode: int = 0) -> Iterator[None]:
    """Close a file or folder to this account; root, which nothing is closed to, is another one meanwhile."""
    before, me = stat.S_IMODE(path.stat().st_mode), os.geteuid()
    path.chmod(mode)
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)
        path.chmod(before)
