"""The workspace's notebooks, as the API names them: a path is a file below the notebooks' folder, its suffix left out.

`/Users/somebody@example.org/clean` is the file `Users/somebody@example.org/clean.py` (.sql, .ipynb) in that folder, or
`clean.py`: whose notebooks they are is no matter on one's own machine. `workspace.run.paths` has the rule.
Reference: Databricks' REST API, Workspace.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Any

from workspace.formats import NOTEBOOK_SUFFIXES
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
        """Write a notebook into the folder.

        Raises:
            ApiError: what is given is none, or there is one and `overwrite` is not set.
        """
        path, form = str(body.get("path", "")), str(body.get("format", "SOURCE"))
        suffix = ".ipynb" if form == "JUPYTER" else _SOURCES.get(str(body.get("language", "")))
        if form not in {"SOURCE", "JUPYTER"} or suffix is None:
            raise invalid("import takes format SOURCE with language PYTHON or SQL, or format JUPYTER")
        file = self._inside(path + suffix)
        if file.exists() and str(body.get("overwrite", False)).lower() != "true":
            raise ApiError(400, "RESOURCE_ALREADY_EXISTS", f"Path ({path}) already exists.")
        try:
            content = base64.b64decode(str(body.get("content", "")), validate=True)
        except binascii.Error:
            raise invalid("content: expected base64") from None
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        except OSError as error:
            raise ApiError(403, "PERMISSION_DENIED", f"{path}: {error.strerror}") from None

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
        found = (self._root / path.lstrip("/")).resolve()
        if not found.is_relative_to(self._root.resolve()):
            raise invalid(f"Path ({path}) leads out of the workspace")
        return found


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
