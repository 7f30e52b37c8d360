"""Magics within a Python cell: lines that begin with % or !, which Python itself cannot read."""

import re
import timeit
from collections.abc import Callable

from workspace.magics import MagicError
from workspace.magics.pip import run_pip
from workspace.magics.shell import run_shell

LINE_MAGIC = "__line_magic__"
"""The name under which a notebook's namespace has the function that does such a line."""

_LINE = re.compile(r"(?P<indent>\s*)(?P<mark>%{1,2}|!)(?P<rest>.*)")
_CELL_MAGIC = re.compile(r"\s*%%(?P<name>\w+)")
_KNOWN = "%sql, %sh, %fs and %run begin a cell of theirs."
# How a notebook's page looks or loads code, which has no counterpart here; of a whole cell, how long it took is shown.
_WITHOUT_EFFECT = {"matplotlib", "config", "load_ext", "reload_ext", "autoreload", "pylab"}


def without_magics(text: str, compiles: Callable[[str], object]) -> str:
    """Return a cell's text with each line that is a magic made a call of Python.

    Where such a line is, Python's parser says: a % within a text or an expression is none.

    Raises:
        MagicError: the cell begins with a magic that reads the whole of it, and that this workspace does not know.
        SyntaxError: the text is no Python, for another reason.
    """
    begin = _CELL_MAGIC.match(text)
    if begin and begin["name"] not in {*_WITHOUT_EFFECT, "time"}:
        raise MagicError(f"%%{begin['name']} is not known here. {_KNOWN}")
    while True:
        try:
            compiles(text)
        except SyntaxError as error:
            lines = text.split("\n")
            index = (error.lineno or 0) - 1
            match = _LINE.fullmatch(lines[index]) if 0 <= index < len(lines) else None
            if match is None:
                raise
            lines[index] = f"{match['indent']}{LINE_MAGIC}({match['mark']!r}, {match['rest']!r})"
            text = "\n".join(lines)
        else:
            return text


def run_line_magic(mark: str, rest: str, namespace: dict[str, object]) -> None:
    """Do one such line.

    Raises:
        MagicError: it is a magic that this workspace does not know.
    """
    if mark == "!":
        run_shell(rest)
        return
    name, _, argument = rest.strip().partition(" ")
    if name in _WITHOUT_EFFECT or (name == "time" and not argument.strip()):
        return
    if name == "pip":
        run_pip(argument)
    elif name == "time":
        _print_time(argument, namespace)
    else:
        raise MagicError(f"%{name} is not known within a Python cell. {_KNOWN}")


def _print_time(statement: str, namespace: dict[str, object]) -> None:
    begin = timeit.default_timer()
    exec(compile(statement.strip(), "<%time>", "exec"), namespace)  # noqa: S102 - the notebook's own code
    print(f"Wall time: {timeit.default_timer() - begin:.2f} s")
