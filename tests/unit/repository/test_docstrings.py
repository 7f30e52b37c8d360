"""Test that docstrings say what code does, in the imperative or as a noun, and do not begin with a question word."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from common.settings import ROOT

QUESTION = re.compile(r"(?:What|How|Where|Whether|When|Why|Who|Which)\b")


def test_no_docstring_begins_with_a_question_word() -> None:
    rooms = [path for path in ROOT.iterdir() if not path.name.startswith(".")]
    files = [path for room in rooms for path in room.rglob("*.py")]
    assert len(files) > 200
    assert [found for path in files for found in _questions(path)] == []


def _questions(path: Path) -> Iterator[str]:
    documented = ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, documented) and QUESTION.match(ast.get_docstring(node) or ""):
            yield f"{path.relative_to(ROOT)}: {ast.get_docstring(node)}"
