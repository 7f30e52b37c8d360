"""The kernel: Spark is there from the first cell on, and secrets leave it redacted."""

from typing import Any

from ipykernel.ipkernel import IPythonKernel
from ipykernel.kernelapp import IPKernelApp
from jupyter_client.session import Session
from traitlets import Type

from workspace.dbutils import redacted
from workspace.kernel.shell import NotebookShell
from workspace.run.cells import finish, prepare


class NotebookKernel(IPythonKernel):
    """IPython's kernel with a notebook's names; it starts Spark before the first cell, not when a tab opens."""

    implementation = "pinterest"
    shell_class = Type(NotebookShell)
    shell: NotebookShell

    async def do_execute(self, code: str, silent: bool, *words: Any, **options: Any) -> dict[str, Any]:  # noqa: ANN401
        """Run a cell, Spark started before."""
        if not silent:
            try:
                if not self.shell.notebook.started:
                    self.shell.notebook.start(self.shell.user_ns)
                prepare(self.shell.user_ns)
            except (RuntimeError, FileNotFoundError, KeyboardInterrupt, SystemExit) as error:
                return self._refusal(error)
        try:
            reply: dict[str, Any] = await super().do_execute(code, silent, *words, **options)
        finally:
            if not silent:
                finish(self.shell.user_ns)
        return reply

    def _refusal(self, error: BaseException) -> dict[str, Any]:
        """Publish why no cell can run, and return the reply that says so."""
        said = {
            KeyboardInterrupt: "Interrupted before the cell began.",
            SystemExit: "A setting is wrong: the log of the service notebook names it.",
        }.get(type(error), f"Spark did not start: {error}")
        content = {"ename": type(error).__name__, "evalue": said, "traceback": [said]}
        self.send_response(self.iopub_socket, "error", content)
        return {"status": "error", "execution_count": self.execution_count, **content}


class RedactingSession(Session):
    """Writes the kernel's messages with `[REDACTED]` in the place of secrets."""

    def msg(self, msg_type: str, content: dict[str, Any] | None = None, *words: Any, **options: Any) -> Any:  # noqa: ANN401
        """Return a message."""
        return super().msg(msg_type, _clean(content), *words, **options)


def _clean(value: Any) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, str):
        return redacted(value)
    if isinstance(value, dict):
        return {name: _clean(each) for name, each in value.items()}
    return [_clean(each) for each in value] if isinstance(value, list) else value


class NotebookKernelApp(IPKernelApp):
    """The program of the kernel."""

    kernel_class = Type(NotebookKernel)

    def _session_default(self) -> Session:
        return RedactingSession(parent=self, username="kernel")
