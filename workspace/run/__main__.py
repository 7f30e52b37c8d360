"""Run notebooks without a browser: `make notebook-run FILE=...`, `python -m workspace.run FILE [name=value ...]`.

Ends with status 1 if a cell failed, and with 130 at Ctrl-C.
"""

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from common.command import run_command
from common.settings import load_settings
from common.terminal import complain, make_console
from workspace.dbutils import redacted
from workspace.formats import NotebookFormatError, find_notebooks
from workspace.formats.archive import unpack_archive
from workspace.namespace import notebook_namespace
from workspace.run.limit import Interrupted, ctrl_c
from workspace.run.notebooks import NOTEBOOK_ERRORS, Notebooks
from workspace.run.output import CleanOutput
from workspace.run.paths import Workspace
from workspace.session import notebook_session

_INTERRUPTED = 130  # what a shell gives a program that Ctrl-C ended


def main(
    file: Annotated[
        Path, typer.Argument(help="A notebook, or a folder or .dbc archive whose notebooks run by name.")
    ],
    parameters: Annotated[list[str] | None, typer.Argument(help="name=value, for widgets.")] = None,
    at_most: Annotated[float | None, typer.Option(min=0.001, help="Seconds that each notebook has.")] = None,
    workspace: Annotated[Path | None, typer.Option(help="Where paths such as /Users/... begin.")] = None,
) -> None:
    """Run each notebook in a namespace of its own; the others run though one fails."""
    file = _unpacked(file)
    paths = _notebooks(file)
    given = dict(map(_parameter, parameters or []))
    settings = load_settings()
    os.environ["MPLBACKEND"] = "agg"  # a figure's window would have to be closed before the run goes on
    session = notebook_session(settings)
    root = workspace or (file if file.is_dir() else file.parent)
    notebooks = Notebooks(partial(notebook_namespace, settings), Workspace(root.resolve()))
    output = CleanOutput(sys.stdout, redacted)
    try:
        with ctrl_c(session), contextlib.redirect_stdout(output):
            failed = [path for path in paths if not _run(notebooks, path, given, at_most)]
    except (Interrupted, KeyboardInterrupt):
        complain("Interrupted.")
        raise typer.Exit(_INTERRUPTED) from None
    finally:
        output.finish_line()
        session.stop()
    if len(paths) > 1:
        print(f"\n{len(paths) - len(failed)} of {len(paths)} notebooks ran to their end.")
    raise typer.Exit(1 if failed else 0)


def _run(notebooks: Notebooks, path: Path, parameters: dict[str, str], seconds: float | None) -> bool:
    """Run one notebook, print what came of it, and return whether it did well."""
    make_console().rule(path.name)
    try:
        value = notebooks.run(path, parameters, seconds)
    except NOTEBOOK_ERRORS as error:
        sys.stdout.flush()
        complain(redacted(str(error)))
        return False
    if value:
        print(f"\nEnded with the value {value}")
    return True


def _unpacked(file: Path) -> Path:
    """Return the file or, of an archive, a folder of this process's with its first notebooks."""
    if file.suffix != ".dbc":
        return file
    folder = Path(tempfile.mkdtemp(prefix="notebooks-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    try:
        unpack_archive(file, folder)
    except NotebookFormatError as error:
        raise typer.BadParameter(str(error)) from None
    while not find_notebooks(folder) and len(inner := [*folder.iterdir()]) == 1:
        [folder] = inner
    return folder


def _notebooks(file: Path) -> list[Path]:
    found = find_notebooks(file) if file.is_dir() else [file]
    if not found:
        raise typer.BadParameter(f"the folder {file} has no notebook")
    return found


def _parameter(word: str) -> tuple[str, str]:
    name, sign, value = word.partition("=")
    if not (name and sign):
        raise typer.BadParameter(f"{word} is not of the form name=value")
    return name, value


if __name__ == "__main__":
    run_command(main, "make notebook-run", usage='FILE=notebook.py PARAMS="name=value" AT_MOST=600')
