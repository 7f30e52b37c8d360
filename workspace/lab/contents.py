"""Files as JupyterLab sees them: a notebook in Databricks' source format, `a.py` or `a.sql`, is `a.ipynb` there.

What is saved is the source file again, without outputs. A real `a.ipynb` beside it is shown in its place.
"""

from pathlib import Path
from typing import Any

import nbformat
from jupyter_server.services.contents.filecheckpoints import AsyncFileCheckpoints
from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager

from workspace.formats.convert import to_jupyter, to_source
from workspace.formats.read import is_source_notebook
from workspace.formats.source import SOURCES


def source_of(path: Path) -> Path | None:
    """Return the source file that a path ending in .ipynb stands for, if it stands for one."""
    if path.suffix != ".ipynb" or path.exists():
        return None
    files = (path.with_suffix(suffix) for suffix in SOURCES)
    return next((file for file in files if file.is_file() and is_source_notebook(file)), None)


class KeptCheckpoints(AsyncFileCheckpoints):
    """States to which a file can be reverted, in a folder of their own: by default they lie beside the files."""

    def checkpoint_path(self, checkpoint_id: str, path: str) -> str:
        """Return the file of a checkpoint."""
        file = Path(self._get_os_path(f"{path.strip('/')}.{checkpoint_id}"))
        file.parent.mkdir(parents=True, exist_ok=True)
        return str(file)


class SourceContents(AsyncLargeFileManager):
    """Jupyter's own files, and source notebooks among them."""

    def _get_os_path(self, path: str) -> str:
        """Return the file of a path."""
        file = super()._get_os_path(path)
        return str(source_of(Path(file)) or file)

    async def _dir_model(self, path: str, content: bool = True) -> dict[str, Any]:
        """Return a folder's model, in which source notebooks have their names as notebooks."""
        model: dict[str, Any] = await super()._dir_model(path, content=content)
        if content:
            model["content"] = [await self._listed(entry) for entry in model["content"]]
        return model

    async def _listed(self, entry: dict[str, Any]) -> dict[str, Any]:
        file = Path(super()._get_os_path(entry["path"]))
        if file.suffix not in SOURCES or source_of(file.with_suffix(".ipynb")) != file:
            return entry
        found: dict[str, Any] = await self.get(
            entry["path"].removesuffix(file.suffix) + ".ipynb", content=False
        )
        return found

    async def _read_notebook(
        self,
        os_path: str,
        as_version: int = 4,
        capture_validation_error: dict[str, Any] | None = None,
        raw: bool = False,
    ) -> Any:  # noqa: ANN401 - a notebook, and its bytes where they are asked for
        """Return a notebook of either format."""
        file = Path(os_path)
        if file.suffix not in SOURCES:
            return await super()._read_notebook(os_path, as_version, capture_validation_error, raw)
        with self.perm_to_403(os_path):
            content = file.read_bytes()
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        notebook = nbformat.from_dict(to_jupyter(text, file.suffix))
        return (notebook, content) if raw else notebook

    async def _save_notebook(
        self, os_path: str, nb: dict[str, Any], capture_validation_error: dict[str, Any] | None = None
    ) -> None:
        """Write a notebook in the format of its file."""
        file = Path(os_path)
        if file.suffix not in SOURCES:
            await super()._save_notebook(os_path, nb, capture_validation_error)
            return
        with self.atomic_writing(os_path, encoding="utf-8") as target:
            target.write(to_source(nb, file.suffix))

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Rename a file; a source notebook keeps its format."""
        suffix = Path(self._get_os_path(old_path)).suffix
        if suffix in SOURCES and old_path.endswith(".ipynb"):
            new_path = new_path.removesuffix(".ipynb") + suffix
        await super().rename_file(old_path, new_path)
