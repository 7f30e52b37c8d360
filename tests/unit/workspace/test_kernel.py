"""Test how the kernel runs a cell: by the language that it says, by the magics' rules, with errors that say enough."""

import atexit
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from traitlets.config import Config

from workspace.dbutils import NotebookExit
from workspace.kernel import browser, shell
from workspace.kernel.browser import Browser
from workspace.kernel.notebook import RUN_CELL, LiveNotebook
from workspace.kernel.shell import NotebookShell
from workspace.run.cells import CellRunner
from workspace.run.paths import Workspace


class Cells:
    """A shell on its own, without Spark and without Jupyter; keeps what it would publish."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.errors: list[str] = []
        self.published: list[dict[str, str]] = []
        monkeypatch.setattr(browser, "publish_display_data", self.published.append)
        monkeypatch.setattr(NotebookShell, "_showtraceback", self._keep)
        monkeypatch.setattr(shell, "names_of", lambda _: (folder / "mine.ipynb", folder))
        self.shell = NotebookShell(config=Config({"HistoryManager": {"enabled": False}}))
        runner = CellRunner(self.shell.user_ns, Workspace(folder), Browser())
        monkeypatch.setattr(self.shell.notebook, "_runner", runner)
        self.shell.user_ns[RUN_CELL] = self.shell.notebook._run_cell  # noqa: SLF001 - as `start` does

    def _keep(self, _kind: type[BaseException], _error: BaseException, lines: list[str]) -> None:
        self.errors.append("\n".join(lines))

    def run(self, code: str) -> bool:
        return bool(self.shell.run_cell(code).success)


@pytest.fixture
def cells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cells]:
    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # which a shell replaces
    with mock.patch.dict(os.environ):  # in which a shell asks for colours
        cells = Cells(tmp_path, monkeypatch)
        yield cells
    atexit.unregister(cells.shell.atexit_operations)
    cells.shell.restore_sys_module_state()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("print(20 + 1)", "21\n"),
        ("# DBTITLE 1,A title\nprint('titled')", "titled\n"),
        ("%python\nprint('python')", "python\n"),
        ("%sh echo shell", "shell\n"),
        ("%%bash\necho bash", "bash\n"),
        ("# DBTITLE 1,A title\n%sh\necho titled", "titled\n"),
    ],
)
def test_cell_runs_by_its_language(
    cells: Cells, capsys: pytest.CaptureFixture[str], code: str, said: str
) -> None:
    assert cells.run(code)
    assert capsys.readouterr().out == said


def test_markdown_is_published(cells: Cells) -> None:
    assert cells.run("%md\n# A title")
    assert cells.published == [{"text/markdown": "# A title", "text/plain": "# A title"}]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("%sh -e exit 3", "mine.ipynb, cell 1 failed.\nMagicError: the shell ended with status 3"),
        ("%pip install nowhere-to-be-found", "nowhere-to-be-found is not installed. All notebooks"),
        ("x = 1\n%pip uninstall pandas", "%pip uninstall is not done here."),
        ("x = 1\n%sql SELECT 1", "%sql is not known within a Python cell."),
        ("%uv pip list", "%uv is not known within a Python cell."),
        ("%run ./nowhere", "no notebook ./nowhere"),
        ("raise MemoryError('no more')", "MemoryError: no more"),
        ("%scala\nval x = 1", "MagicError: %scala is Scala, which does not run here; Python and SQL do"),
        ("# DBTITLE 1,A title\n%r\nx <- 1", "MagicError: %r is R, which does not run here"),
        ("%%js\nalert(1)", "MagicError: %js is JavaScript, which does not run here"),
    ],
)
def test_what_cannot_be_done_is_said_without_a_traceback(cells: Cells, code: str, said: str) -> None:
    assert not cells.run(code)
    [error] = cells.errors
    assert said in error
    assert "\x1b" not in error


def test_run_takes_another_notebooks_names(cells: Cells, tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("# Databricks notebook source\nx = 20\n")
    cells.shell.user_ns["dbutils"] = type("U", (), {"widgets": type("W", (), {"set_parameters": print})})
    assert cells.run("%run ./other")
    assert cells.run("assert x + 1 == 21")


def test_failing_cell_shows_its_own_line_and_the_next_one_runs(cells: Cells) -> None:
    assert not cells.run("# DBTITLE 1,A title\nx = 1\nraise ValueError('not this')")
    assert "ValueError" in cells.errors[0]
    assert "3\x1b[39m" in cells.errors[0]
    assert cells.run("assert x == 1")


@pytest.mark.parametrize(
    ("value", "said"), [("7", "Notebook ended with the value 7"), ("", "Notebook ended.")]
)
def test_exit_ends_the_cell(cells: Cells, value: str, said: str) -> None:
    def leave() -> None:
        raise NotebookExit(value)

    cells.shell.user_ns["leave"] = leave
    assert not cells.run("leave()\nreached = True")
    assert cells.errors == [said]
    assert "reached" not in cells.shell.user_ns


def test_other_languages_wait_for_the_start(tmp_path: Path) -> None:
    notebook = LiveNotebook(tmp_path / "a.ipynb", tmp_path)
    assert not notebook.started
    with pytest.raises(RuntimeError, match="has not been started"):
        notebook._run_cell("sh", "echo")  # noqa: SLF001 - what a cell calls
