"""Remove Airflow's old logs, which it keeps for ever: those of tasks, and of each day's readings of the DAGs' files."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

KEPT_DAYS = 30
_DAY_SECONDS = 86_400


def remove_old(folder: Path, now: float) -> None:
    """Remove the files below a folder that nobody has written to for KEPT_DAYS, and folders that are left empty.

    Args:
        folder: need not be there.
        now: seconds since 1970.
    """
    for path in list(_older(folder, now - KEPT_DAYS * _DAY_SECONDS)):
        with suppress(OSError):  # it is not empty, or another task was faster
            if path.is_dir() and not path.is_symlink():
                path.rmdir()
            else:
                path.unlink()


def _older(folder: Path, than: float) -> Iterator[Path]:
    """Yield what is older, each folder after what is in it; in a younger folder a task may begin its log."""
    for parent, folders, files in os.walk(folder, topdown=False):
        for path in (Path(parent, name) for name in (*files, *folders)):
            with suppress(FileNotFoundError):
                if path.lstat().st_mtime < than:
                    yield path
