"""JupyterLab's server as its browser speaks to it: REST for files and kernels, a websocket for a kernel's messages."""

import json
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import httpx
import websocket

from common.settings import LOOPBACK, Settings

# A cell that starts Spark takes 15 s on two idle cores; ten times that on a busy machine.
CELL_SECONDS = 150.0
# Cells that take memory until there is no more, that compute for ever, and that kill their kernel.
FILLS = "kept = []\nwhile True:\n    kept.append(bytearray(1 << 20))"
LOOPS = "print('it begins')\nspark.range(1 << 50).selectExpr('max(id % 7)').collect()"
KILLS = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"


@dataclass
class Outcome:
    """The result of a cell: the status of its reply, and its outputs in their order."""

    status: str = ""
    outputs: list[dict[str, Any]] = field(default_factory=list)

    @property
    def text(self) -> str:
        """Return what it printed."""
        return "".join(each.get("text", "") for each in self.outputs)

    @property
    def error(self) -> str:
        """Return what the browser shows of its error, without colours."""
        lines = "\n".join(line for each in self.outputs for line in each.get("traceback", []))
        return re.sub(r"\x1b\[[\d;]*m", "", lines)

    def shown(self, kind: str) -> list[str]:
        """Return what it displayed, of one MIME type."""
        return [each["data"][kind] for each in self.outputs if kind in each.get("data", {})]


class Lab:
    """The server's REST API."""

    def __init__(self, settings: Settings) -> None:
        self.port = settings.notebook.port
        self.headers = {"Authorization": f"token {settings.notebook.token.get_secret_value()}"}
        self._client = httpx.Client(
            base_url=f"http://{LOOPBACK}:{self.port}/api", headers=self.headers, timeout=CELL_SECONDS
        )

    def get(self, path: str) -> Any:  # noqa: ANN401 - JSON
        """Return what is at a path."""
        return self._client.get(path).raise_for_status().json()

    def post(self, path: str, body: Mapping[str, object]) -> Any:  # noqa: ANN401 - likewise
        """Send a body to a path and return the answer."""
        answer = self._client.post(path, json=body).raise_for_status()
        return answer.json() if answer.content else None

    def put(self, path: str, body: Mapping[str, object]) -> None:
        """Save a body at a path."""
        self._client.put(path, json=body).raise_for_status()

    def delete(self, path: str) -> None:
        """Delete what is at a path."""
        self._client.delete(path).raise_for_status()


class Notebook:
    """A notebook's session, with a kernel of its own, for as long as it is entered."""

    def __init__(self, lab: Lab, path: str) -> None:
        self._lab = lab
        self._path = path

    def __enter__(self) -> Self:
        body = {
            "path": self._path,
            "name": self._path.rpartition("/")[2],
            "type": "notebook",
            "kernel": {"name": "pinterest"},
        }
        session = self._lab.post("/sessions", body)
        self._id, self.kernel = session["id"], session["kernel"]["id"]
        self._session = uuid.uuid4().hex
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
        self._lab.delete(f"/sessions/{self._id}")

    def connect(self) -> None:
        """Connect to the kernel; again, where so long nothing was run that the server's pings had no answer."""
        self._socket = websocket.create_connection(
            f"ws://{LOOPBACK}:{self._lab.port}/api/kernels/{self.kernel}/channels?session_id={self._session}",
            header=self._lab.headers,
            timeout=CELL_SECONDS,
        )

    def cells(self) -> list[str]:
        """The texts of the notebook's code cells, as the server shows its file."""
        cells = self._lab.get(f"/contents/{self._path}")["content"]["cells"]
        return [cell["source"] for cell in cells if cell["cell_type"] == "code"]

    def interrupt(self) -> None:
        """Interrupt what runs, as the button does."""
        self._lab.post(f"/kernels/{self.kernel}/interrupt", {})

    def run(self, code: str, at_output: Callable[[], None] | None = None) -> Outcome:
        """Run a cell to its end, or to that of its kernel; do something at its first output."""
        request = self._send(code)
        outcome, idle = Outcome(), False
        while not (idle and outcome.status):
            message = json.loads(self._socket.recv())
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] in {"restarting", "dead"}:
                outcome.status = content["execution_state"]
                return outcome
            if message["parent_header"].get("msg_id") != request:
                continue
            if kind == "execute_reply":
                outcome.status = content["status"]
            elif kind == "status":
                idle = content["execution_state"] == "idle"
            elif kind in {"stream", "display_data", "execute_result", "update_display_data", "error"}:
                outcome.outputs.append(content)
                if at_output and len(outcome.outputs) == 1:
                    at_output()
        return outcome

    def _send(self, code: str) -> str:
        message = uuid.uuid4().hex
        header = {"msg_id": message, "msg_type": "execute_request", "session": self._session}
        header |= {"username": "tests", "version": "5.3", "date": ""}
        content = {"code": code, "silent": False, "store_history": True, "user_expressions": {}}
        content |= {"allow_stdin": False, "stop_on_error": True}
        body = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "buffers": []}
        self._socket.send(json.dumps(body | {"channel": "shell"}))
        return message
