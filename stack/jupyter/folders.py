"""JupyterLab's folder: in it are `examples`, our worked example, `own`, the user's NOTEBOOK_DIR, and new files."""

from pathlib import Path

from common.settings import ROOT, Settings
from common.user_folder import check_folder


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
        UserFolderError: NOTEBOOK_DIR cannot be read.
    """
    check_folder("NOTEBOOK_DIR", settings.notebook.dir)
    top = notebooks_folder(settings)
    for folder in (top, checkpoints_folder(settings)):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    _link(top / "examples", ROOT / "notebooks")
    _link(top / "own", settings.notebook.dir)


def _link(link: Path, target: Path | None) -> None:
    """Have the link lead to the target, or be gone; what is no link is the user's, and stays."""
    if link.is_symlink():
        link.unlink()
    if target and not link.exists():
        link.symlink_to(target)
