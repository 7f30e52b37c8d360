"""JupyterLab's folder: in it are `examples`, our worked example, `own`, the user's NOTEBOOK_DIR, and new files."""

from pathlib import Path

from common.settings import ROOT, Settings
from common.user_folder import check_folder
from workspace.folders import own_folder, set_link


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
    # The first one too: what Jupyter notes in it has the token, and lets other accounts read some of it.
    for folder in (home(settings), top, checkpoints_folder(settings)):
        own_folder(folder)
    set_link(top / "examples", ROOT / "notebooks")
    set_link(top / "own", settings.notebook.dir)
