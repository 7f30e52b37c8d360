"""The notebook whose cells a kernel runs: the names it begins with, and its cells that are not Python's."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from common.settings import load_settings
from workspace.formats import Language, Notebook
from workspace.formats.cells import Cell
from workspace.kernel.browser import Browser
from workspace.kernel.inputs import show_input
from workspace.namespace import notebook_namespace
from workspace.run.cells import CellRunner, OpenNotebook
from workspace.run.notebooks import Notebooks
from workspace.run.paths import Workspace

RUN_CELL = "__run_cell__"
"""The name under which a notebook's namespace has the function that runs a cell of another language."""


class LiveNotebook:
    """A notebook in a browser, which sends its cells one at a time, in any order."""

    def __init__(self, path: Path, root: Path) -> None:
        """Prepare for a notebook.

        Args:
            path: its file, beside which %run looks.
            root: the folder in which paths with a slash in front begin.
        """
        self._opened = OpenNotebook(Notebook(path, ()))
        self._workspace = Workspace(root)
        self._runner: CellRunner | None = None
        self._count = 0

    @property
    def started(self) -> bool:
        """Return whether Spark and the notebook's names are there."""
        return self._runner is not None

    def start(self, namespace: dict[str, Any]) -> None:
        """Start Spark and put the notebook's names into the namespace.

        Raises:
            FileNotFoundError: Spark's jars are not installed.
            RuntimeError: S3 cannot be reached, or has no bucket.
        """
        make = partial(notebook_namespace, load_settings())
        others = Notebooks(make, self._workspace)
        run_notebook = others.run_from(self._opened.notebook.path.parent)
        namespace.update(make(parameters={}, run_notebook=run_notebook, show_widget=show_input))
        self._runner = CellRunner(namespace, self._workspace, Browser())
        namespace[RUN_CELL] = self._run_cell

    def _run_cell(self, language: str, text: str) -> None:
        """Run a cell of a language that is not Python.

        Raises:
            CellError: it raised an error.
        """
        if self._runner is None:
            raise RuntimeError("the notebook has not been started")
        self._count += 1
        self._runner.run_cell(Cell(self._count, Language(language), text), self._opened)


def names_of(notebook: Mapping[str, str]) -> tuple[Path, Path]:
    """Return the file of the notebook and its workspace's root, by the environment that Jupyter gives its kernel.

    The root is the folder right under Jupyter's own (`examples`, `own`) that the notebook is in.
    """
    path = Path(notebook.get("JPY_SESSION_NAME") or Path.cwd() / "notebook.ipynb")
    top = Path(notebook.get("PIPELINE_NOTEBOOKS") or path.parent)
    inside = path.relative_to(top).parts[:-1] if path.is_relative_to(top) else ()
    return path, top.joinpath(*inside[:1]) if path.is_relative_to(top) else path.parent
