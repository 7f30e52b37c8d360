"""The workspace's notebooks, as the API names them: a path is a file below the notebooks' folder, its suffix left out.

`/Users/somebody@example.org/clean` is the file `Users/somebody@example.org/clean.py` (.sql, .ipynb) in that folder, or
`clean.py`: whose notebooks they are is no matter on one's own machine. `workspace.run.paths` has the rule.
Reference: Databricks' REST API, Workspace.
"""

import base64
import binascii
import os
from pathlib import Path, PurePosixPath
from typing import Any

from common.settings import ROOT, Settings
from common.user_folder import check_folder
from workspace.folders import notebooks_folder, own_folder, set_link
from workspace.formats import NOTEBOOK_SUFFIXES, find_notebooks
from workspace.jobs.errors import ApiError, invalid
from workspace.jobs.submission import Body
from workspace.run.paths import Workspace

_LANGUAGES = {".py": "PYTHON", ".sql": "SQL", ".ipynb": "PYTHON"}
_FORMATS = {".py": "SOURCE", ".sql": "SOURCE", ".ipynb": "JUPYTER"}
_SOURCES = {"PYTHON": ".py", "SQL": ".sql"}


class NotebookFolder:
    """The notebooks below a folder."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def status(self, path: str) -> dict[str, Any]:
        """Return what there is at a path.

        Raises:
            ApiError: nothing is.
        """
        folder = self._inside(path)
        return _describe(path, folder) if folder.is_dir() else _describe(path, self.find(path))

    def list(self, path: str) -> list[dict[str, Any]]:
        """Return the notebooks in a folder and its folders that have some, or the notebook that the path names."""
        folder = self._inside(path)
        if not folder.is_dir():
            return [_describe(path, self.find(path))]
        shown = [entry for entry in sorted(folder.iterdir()) if _is_notebook(entry) or _has_notebooks(entry)]
        return [
            _describe(f"{path.rstrip('/')}/{entry.name if entry.is_dir() else entry.stem}", entry)
            for entry in shown
        ]

    def export(self, path: str, form: str) -> str:
        """Return a notebook's file in base64. Its format is that of the file."""
        file = self.find(path)
        if form not in {"AUTO", _FORMATS[file.suffix]}:
            raise invalid(f"{path} is {_FORMATS[file.suffix]} here, and is not converted to {form}")
        return base64.b64encode(file.read_bytes()).decode()

    def put(self, body: Body) -> None:
        """Write a notebook into the folder, in the place of one at its path if `overwrite` is set.

        Raises:
            ApiError: what is given is no notebook, or its path is taken, or this account may not write there.
        """
        path, suffix, content = _given(body)
        base = self._inside(path)
        if base.is_dir():
            raise invalid(f"Path ({path}) is a folder")
        former = [file for file in _files(base) if file.is_file() or file.is_symlink()]
        if former and str(body.get("overwrite", False)).lower() != "true":
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
        try:
            _write(base.with_name(base.name + suffix), content)
            for file in former:
                if file.suffix != suffix:
                    file.unlink()
        except OSError as error:
            reason = f"account {os.geteuid()} cannot write to {base.parent}: {error.strerror}"
            raise ApiError(403, "PERMISSION_DENIED", f"{path}: {reason}") from None

    def find(self, path: str) -> Path:
        """Return the file of a notebook.

        Raises:
            ApiError: there is none.
        """
        self._inside(path)
        try:
            file = Workspace(self._root).find(path, self._root)
        except FileNotFoundError as error:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", f"Path ({path}) doesn't exist: {error}") from None
        if file.suffix not in NOTEBOOK_SUFFIXES:
            raise invalid(f"{path} is no notebook")
        return file

    def _inside(self, path: str) -> Path:
        if not path.startswith("/") or "\0" in path:
            raise invalid(f"Path ({path!r}) must begin with '/'")
        if ".." in PurePosixPath(path).parts:
            raise invalid(f"Path ({path}) must not have '..' in it: it may lead out of the workspace")
        return self._root / path.strip("/")


def arrange_folder(settings: Settings) -> Path:
    """Return the folder of notebooks: the user's, or one of the state folder, with links to our worked example.

    Raises:
        UserFolderError: the user's cannot be read.
    """
    check_folder("NOTEBOOK_DIR", settings.notebook.dir)
    folder = notebooks_folder(settings)
    if settings.notebook.dir is None:
        for notebook in find_notebooks(ROOT / "notebooks"):
            set_link(own_folder(folder) / notebook.name, notebook)
    return folder


def _given(body: Body) -> tuple[str, str, bytes]:
    """Return what an import gives: a path, the suffix of its file, and what is to be in it."""
    form = str(body.get("format", "SOURCE"))
    suffix = ".ipynb" if form == "JUPYTER" else _SOURCES.get(str(body.get("language", "")))
    if form not in {"SOURCE", "JUPYTER"} or suffix is None:
        raise invalid("import takes format SOURCE with language PYTHON or SQL, or format JUPYTER")
    try:
        content = base64.b64decode(str(body.get("content", "")), validate=True)
    except binascii.Error:
        raise invalid("content: expected base64") from None
    return str(body.get("path", "")), suffix, content


def _files(base: Path) -> list[Path]:
    """Return the files that a path may stand for."""
    return [base.with_name(base.name + suffix) for suffix in NOTEBOOK_SUFFIXES]


def _write(file: Path, content: bytes) -> None:
    """Write a file in one step, in the place of a link to one, too."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f".{file.name}.tmp")
    draft.write_bytes(content)
    draft.replace(file)


def _is_notebook(path: Path) -> bool:
    return path.suffix in NOTEBOOK_SUFFIXES and not path.name.startswith(".") and path.is_file()


def _has_notebooks(folder: Path) -> bool:
    """Return whether there is a notebook in a folder or below; hidden folders are passed over."""
    if folder.name.startswith("."):
        return False
    for path, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        if any(_is_notebook(Path(path, name)) for name in files):
            return True
    return False


def _describe(path: str, file: Path) -> dict[str, Any]:
    if file.is_dir():
        return {"path": path, "object_type": "DIRECTORY"}
    modified = {"modified_at": round(file.stat().st_mtime * 1000)}
    return {"path": path, "object_type": "NOTEBOOK", "language": _LANGUAGES[file.suffix], **modified}
