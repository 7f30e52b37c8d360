"""Run a Python cell: its magics, its statements, and the value of the last line if it is an expression."""

import ast
import linecache
from functools import partial

from workspace.magics.lines import LINE_MAGIC, run_line_magic, without_magics


def run_python(text: str, namespace: dict[str, object], name: str) -> object:
    """Run a cell in a notebook's namespace and return its last line's value, or None.

    Args:
        text: the cell.
        namespace: the notebook's global names.
        name: what tracebacks call the cell; they quote its lines.

    Raises:
        SyntaxError: the cell is no Python.
        Exception: whatever the cell raises.
    """
    namespace[LINE_MAGIC] = partial(run_line_magic, namespace=namespace)
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    parsed = ast.parse(without_magics(text, partial(ast.parse, filename=name)), name)
    last = parsed.body.pop() if parsed.body and isinstance(parsed.body[-1], ast.Expr) else None
    # The module's own `from __future__` is not the notebook's.
    exec(compile(parsed, name, "exec", dont_inherit=True), namespace)  # noqa: S102 - it is what a notebook is for
    if not isinstance(last, ast.Expr):
        return None
    expression = compile(ast.Expression(last.value), name, "eval", dont_inherit=True)
    return eval(expression, namespace)  # noqa: S307 - likewise
