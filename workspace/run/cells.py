"""Run a notebook's cells in its namespace, each by its language."""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from common.terminal import make_console
from workspace.display import Display
from workspace.formats import Cell, Language, Notebook, read_notebook
from workspace.formats.cells import foreign_language
from workspace.magics import MagicError
from workspace.magics.pip import run_pip
from workspace.magics.run_call import parse_run
from workspace.magics.shell import run_shell
from workspace.magics.sql import run_sql
from workspace.memory import MEMORY
from workspace.python_cell import run_python
from workspace.run.failure import CellError, cell_name
from workspace.run.paths import Workspace
from workspace.screens import Screen, Terminal

BEFORE_CELL = "__before_cell__"
"""The name under which a notebook's namespace has what is done before each cell, where there is something."""
AFTER_CELL = "__after_cell__"
"""Likewise what is done after each cell, of one that failed too."""

# A cell that took less says nothing of it.
_NOTABLE_SECONDS = 1.0


@dataclass(frozen=True)
class OpenNotebook:
    """A notebook whose cells run in a namespace.

    Attributes:
        notebook: its cells.
        quiet: it is run by another one's %run: no headings, no values of last lines.
        callers: the notebooks whose %run led here.
    """

    notebook: Notebook
    quiet: bool = False
    callers: tuple[Path, ...] = ()


class CellRunner:
    """Runs cells in one namespace.

    Attributes:
        namespace: the notebook's global names.
        current: what runs now, for whoever ends it.
    """

    def __init__(self, namespace: dict[str, Any], workspace: Workspace, screen: Screen | None = None) -> None:
        """Make a runner, whose results the screen shows, by default the terminal."""
        self.namespace = namespace
        self.current = ""
        self._workspace = workspace
        self._screen = screen or Terminal()
        self._display = Display(self._screen)
        namespace.update(display=self._display, displayHTML=self._screen.show_page, __name__="__main__")

    def run(self, opened: OpenNotebook) -> None:
        """Run all cells of a notebook, in order.

        Raises:
            CellError: a cell raised an error; those after it are not run.
            NotebookExit: a cell called dbutils.notebook.exit.
        """
        for cell in opened.notebook.cells:
            if not opened.quiet:
                _print_heading(cell)
            begin = time.monotonic()
            prepare(self.namespace)
            try:
                self.run_cell(cell, opened)
            finally:
                finish(self.namespace)
            if not opened.quiet and time.monotonic() - begin >= _NOTABLE_SECONDS:
                make_console().print(f"{time.monotonic() - begin:.1f} s", style="dim", highlight=False)

    def run_cell(self, cell: Cell, opened: OpenNotebook) -> None:
        """Run one cell of a notebook.

        Raises:
            CellError: it raised an error.
            NotebookExit: it called dbutils.notebook.exit.
        """
        path = opened.notebook.path
        self.current = cell_name(path, cell)
        try:
            self._by_language[cell.language](self, cell, opened)
        except MemoryError as error:
            raise CellError(path, cell, MEMORY.explain(error)) from None
        except Exception as error:
            raise CellError(path, cell, error) from error

    def _python(self, cell: Cell, opened: OpenNotebook) -> None:
        value = run_python(cell.text, self.namespace, cell_name(opened.notebook.path, cell))
        if value is None or opened.quiet:
            return
        if isinstance(value, pd.DataFrame | pd.Series):
            self._display(value)
        else:
            print(repr(value))

    def _sql(self, cell: Cell, _: OpenNotebook) -> None:
        widgets = self.namespace["dbutils"].widgets.getAll()
        result = run_sql(self.namespace["spark"], cell.text, widgets, self._display)
        if result is not None:
            self.namespace["_sqldf"] = result

    def _run_other(self, cell: Cell, opened: OpenNotebook) -> None:
        call = parse_run(cell.text)
        here = opened.notebook.path.resolve()
        path = self._workspace.find(call.path, here.parent).resolve()
        callers = (*opened.callers, here)
        if path in callers:
            raise MagicError(f"%run {call.path} runs in circles: it leads back to itself")
        self.namespace["dbutils"].widgets.set_parameters(call.parameters)
        self.run(OpenNotebook(read_notebook(path), quiet=True, callers=callers))

    def _files(self, cell: Cell, _: OpenNotebook) -> None:
        command, *words = cell.text.split()
        files = self.namespace["dbutils"].fs
        if command.startswith("_") or not callable(getattr(files, command, None)):
            raise MagicError(f"%fs {command} is not one of dbutils.fs; dbutils.fs.help() lists them")
        self._display(getattr(files, command)(*words))

    def _shell(self, cell: Cell, _: OpenNotebook) -> None:
        run_shell(cell.text)

    def _pip(self, cell: Cell, _: OpenNotebook) -> None:
        run_pip(cell.text)

    def _foreign(self, cell: Cell, _: OpenNotebook) -> None:
        raise MagicError(foreign_language(cell))

    def _markdown(self, cell: Cell, opened: OpenNotebook) -> None:
        if not opened.quiet:
            self._screen.show_markdown(cell.text)

    _by_language: dict[Language, Callable[["CellRunner", Cell, OpenNotebook], None]] = {  # noqa: RUF012 - not changed
        Language.PYTHON: _python,
        Language.SQL: _sql,
        Language.RUN: _run_other,
        Language.FILES: _files,
        Language.SHELL: _shell,
        Language.PIP: _pip,
        Language.MARKDOWN: _markdown,
        Language.FOREIGN: _foreign,
    }


def prepare(namespace: Mapping[str, Any]) -> None:
    """Do what is to be done before a cell, unless other threads may be in the middle of one."""
    _call(namespace.get(BEFORE_CELL))
    MEMORY.apply()


def finish(namespace: Mapping[str, Any]) -> None:
    """Do what is to be done after a cell, likewise."""
    _call(namespace.get(AFTER_CELL))


def _call(function: Callable[[], None] | None) -> None:
    if function and threading.current_thread() is threading.main_thread():
        function()


def _print_heading(cell: Cell) -> None:
    """Print a cell's number and title, or how its text begins."""
    if cell.language == Language.MARKDOWN:
        return
    magic = "" if cell.language in {Language.PYTHON, Language.FOREIGN} else f"%{cell.language} "
    begin = next((line for line in cell.text.splitlines() if line.strip()), "").strip()
    make_console(highlight=False).print(
        f"\n[{cell.number}] {cell.title or magic + begin}", style="bold", no_wrap=True, overflow="ellipsis"
    )
