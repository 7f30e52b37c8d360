"""IPython's shell with a notebook's cells: the language that a cell's first line names, and the rules of its magics."""

import os
import threading
from contextlib import nullcontext
from types import TracebackType
from typing import Any

from ipykernel.zmqshell import ZMQInteractiveShell
from IPython.core.interactiveshell import ExecutionResult
from pyspark.sql import SparkSession

from workspace.dbutils import NotebookExit
from workspace.formats import Language
from workspace.formats.cells import make_cell
from workspace.formats.convert import split_title
from workspace.kernel.notebook import RUN_CELL, LiveNotebook, names_of
from workspace.magics import MagicError
from workspace.magics.lines import run_line_magic
from workspace.memory import MEMORY
from workspace.run.failure import CellError
from workspace.run.limit import Interrupted, ctrl_c

# Databricks' magics, and IPython's that would change the environment.
_OURS = {*Language} | {"conda", "mamba", "micromamba", "uv"}


class NotebookShell(ZMQInteractiveShell):
    """Runs cells as notebook-run does; what is Python runs as IPython runs it."""

    def __init__(self, **options: Any) -> None:  # noqa: ANN401 - IPython's
        super().__init__(**options)
        self.notebook = LiveNotebook(*names_of(os.environ))
        self.set_custom_exc((CellError, MagicError, NotebookExit, Interrupted, MemoryError), _tell)

    def transform_cell(self, raw_cell: str) -> str:
        """Return a cell as Python, which for another language is a call."""
        body = split_title(raw_cell)[1]
        cell = make_cell(self.execution_count, body, Language.PYTHON)
        if cell.language != Language.PYTHON:
            return f"{RUN_CELL}({str(cell.language)!r}, {cell.text!r})"
        # The title's line stays, so that errors name the lines that a browser shows; %%time has to be the first.
        title = "" if cell.text.lstrip().startswith("%%") else raw_cell.removesuffix(body)
        text: str = super().transform_cell(title + cell.text)
        return text

    def run_cell(self, *words: Any, **options: Any) -> ExecutionResult:  # noqa: ANN401 - IPython's
        """Run a cell; an interrupt ends Spark's jobs too."""
        spark = self.user_ns.get("spark")
        main = threading.current_thread() is threading.main_thread()
        with ctrl_c(spark) if main and isinstance(spark, SparkSession) else nullcontext():
            done: ExecutionResult = super().run_cell(*words, **options)
            return done

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:  # noqa: ANN401
        """Do a magic within Python: by our rules where they name it, else IPython's.

        Raises:
            MagicError: it begins a cell of its own, or would change the environment.
        """
        if magic_name in _OURS:
            return run_line_magic("%", f"{magic_name} {line}", self.user_ns)
        return super().run_line_magic(magic_name, line, _stack_depth + 1)


def _tell(
    shell: NotebookShell,
    kind: type[BaseException],
    error: BaseException,
    trace: TracebackType | None,  # noqa: ARG001 - the message has what a reader needs of it
    tb_offset: int | None = None,  # noqa: ARG001 - likewise
) -> list[str]:
    """Show an error that speaks for itself, without a traceback."""
    lines = _message(error).splitlines()
    shell._showtraceback(kind, error, lines)  # noqa: SLF001 - how a kernel publishes an error
    return lines


def _message(error: BaseException) -> str:
    if isinstance(error, NotebookExit):
        return f"Notebook ended with the value {error.value}" if error.value else "Notebook ended."
    if isinstance(error, MemoryError):
        return f"MemoryError: {MEMORY.explain(error)}"
    return "Interrupted." if isinstance(error, Interrupted) else str(error)
