"""Test that a cell which fills memory fails with a sentence, in a process of its own, which lives on."""

import subprocess
import sys

import pytest

from common.settings import ROOT

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the limit is Linux's")

# Small objects leave no room at all; large ones fail with room left.
FILLERS = {"small": "while True:\n    kept.append(bytes(1000))", "large": "kept = bytearray(10**10)"}
PROGRAM = """
from pathlib import Path
from workspace.formats import Notebook
from workspace.formats.cells import Cell, Language
from workspace.memory import MEMORY
from workspace.run.cells import CellRunner, OpenNotebook, prepare
from workspace.run.failure import CellError
from workspace.run.paths import Workspace

namespace = {{}}
runner = CellRunner(namespace, Workspace(Path()))
MEMORY.allow("100m")
for number, text in enumerate(("kept = []", {filler!r}, "del kept", "print(len(bytearray(50 << 20)))"), 1):
    prepare(namespace)
    try:
        runner.run_cell(Cell(number, Language.PYTHON, text), OpenNotebook(Notebook(Path("mine.py"), ())))
    except CellError as error:
        print(error)
"""


@pytest.mark.parametrize("filler", FILLERS.values(), ids=FILLERS)
def test_cell_that_fills_memory_fails_and_the_next_ones_run(filler: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(filler=filler)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    first, *_, error, last = done.stdout.splitlines()
    assert first == "mine.py, cell 2 failed."
    assert error.startswith(
        "MemoryError: this notebook's Python has taken the 100m that NOTEBOOK_MEMORY allows"
    )
    assert last == str(50 << 20)
