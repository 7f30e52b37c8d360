"""JupyterLab's folder: in it are `examples`, our worked example, `own`, the user's NOTEBOOK_DIR, and new files."""

import os
from pathlib import Path

from common.settings import ROOT, Settings


class FolderError(Exception):
    """NOTEBOOK_DIR cannot be served; the message says why."""


def home(settings: Settings) -> Path:
    """Return the folder of all that JupyterLab keeps."""
    return settings.state_dir / "jupyter"


def notebooks_folder(settings: Settings) -> Path:
    """Return the folder that JupyterLab shows."""
    return home(settings) / "notebooks"


def checkpoints_folder(settings: Settings) -> Path:
    """Return the folder of the states to which a notebook can be reverted."""
    return home(settings) / "checkpoints"


def arrange_folders(settings: Settings) -> None:
    """Make JupyterLab's folder, with links to the examples and to the user's own.

    Raises:
        FolderError: NOTEBOOK_DIR is no folder, or cannot be read.
    """
    top = notebooks_folder(settings)
    for folder in (top, checkpoints_folder(settings)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _link(top / "examples", ROOT / "notebooks")
    _link(top / "own", _readable(settings.notebook.dir) if settings.notebook.dir else None)


def _readable(folder: Path) -> Path:
    if not folder.is_dir():
        raise FolderError(f"NOTEBOOK_DIR is {folder}, which is no folder. Correct it in .env.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise FolderError(f"NOTEBOOK_DIR is {folder}, which this account cannot read.")
    return folder


def _link(link: Path, target: Path | None) -> None:
    """Have the link lead to the target, or be gone; what is no link is the user's, and stays."""
    if link.is_symlink():
        link.unlink()
    if target and not link.exists():
        link.symlink_to(target)
