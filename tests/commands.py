"""The programs behind the `make` commands, run within the tests' own process: a start takes each a second."""

import runpy
import sys

import pytest


def run_program(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], module: str, *words: str
) -> tuple[object, str, str]:
    """`python -m module words`: its status, and what it printed on standard output and error."""
    monkeypatch.setattr(sys, "argv", [module, *words])
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)  # which the program sets
    if module in sys.modules and not hasattr(sys.modules[module], "__path__"):
        monkeypatch.delitem(sys.modules, module)  # a program is there once
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    printed = capsys.readouterr()
    return ended.value.code, printed.out, printed.err
