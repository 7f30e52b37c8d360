"""`dbutils.notebook`: leave a notebook with a value, run another one."""

from collections.abc import Callable, Mapping

from workspace.dbutils.help import WithHelp

RunNotebook = Callable[[str, int, Mapping[str, str]], str]


class NotebookExit(BaseException):
    """A notebook that ends itself; `value` is its result, a text."""

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class Notebook(WithHelp):
    """Utilities for the control flow of a notebook."""

    def __init__(self, run_notebook: RunNotebook) -> None:
        self._run_notebook = run_notebook

    def exit(self, value: object = "") -> None:
        """Leave the notebook; what it returns is the value as text."""
        raise NotebookExit(str(value))

    def run(self, path: str, timeout_seconds: int = 60, arguments: Mapping[str, object] | None = None) -> str:
        """Run another notebook with the arguments as its widgets' values, and return its exit value."""
        given = {str(name): str(value) for name, value in (arguments or {}).items()}
        return self._run_notebook(path, timeout_seconds, given)
