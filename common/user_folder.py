"""Folders of the user's own, which settings name: NOTEBOOK_DIR, AIRFLOW_DAGS_DIR, SOURCE_DIR."""

import os
from pathlib import Path


class UserFolderError(Exception):
    """A folder of the user's cannot be read; the message names its setting, and says what to do."""


def check_folder(setting: str, folder: Path | None) -> None:
    """Check that the folder that a setting names can be read; None is for a setting that names none.

    Raises:
        UserFolderError: it is missing, no folder, or closed to this account.
    """
    if folder is None:
        return
    try:
        os.scandir(f"{folder}/.").close()  # with the dot, which also needs the right to open what is in it
    except (FileNotFoundError, NotADirectoryError):
        raise UserFolderError(f"{setting}: there is no folder {folder}. Correct it in .env.") from None
    except OSError as error:
        raise UserFolderError(closed_to_us(setting, folder, error)) from None


def closed_to_us(setting: str, path: Path, error: OSError) -> str:
    """Return what to do about a file or folder that the system does not give this account."""
    return (
        f"{setting}: account {os.geteuid()} cannot read {path}: {error.strerror}. The files and their folder must be"
        " open to it (in containers it is account 1000): chmod -R a+rX on the folder; where SELinux is on, also"
        " chcon -R -t container_file_t."
    )
