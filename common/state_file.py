"""Keep a service's state for `make status` and its health check: a small JSON file, written anew each second.

Nothing but the standard library: a container's health check reads it every few seconds, within its service's memory.
"""

import atexit
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PERIOD = 1.0
# Ten missed beats mean that the service hangs or is gone.
_SILENCE = 10.0


class StateFile:
    """`<state_dir>/run/<service>.json`. Three of its keys are always there: `written_at`, unix seconds, `pid`, and
    `problem`: what keeps the service from its work, or null.
    """

    def __init__(self, state_dir: Path, service: str) -> None:
        """Remove what an earlier process has said, and at this one's end what it has: it is no news of the next."""
        self._path = _path(state_dir, service)
        self._write_at = 0.0
        self._path.parent.mkdir(parents=True, exist_ok=True)
        forget(state_dir, service)
        atexit.register(forget, state_dir, service)

    def write(self, describe: Callable[[], dict[str, Any]]) -> None:
        """Replace the file if the last one is a second old; `describe` is asked only then."""
        if time.monotonic() < self._write_at:
            return
        self._write_at = time.monotonic() + _PERIOD
        state = {"written_at": time.time(), "pid": os.getpid()} | describe()
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps(state))
        draft.replace(self._path)  # in one step: a reader never sees half a file


def forget(state_dir: Path, service: str) -> None:
    """Remove what a process of the service has said that is no more: the next one may be long in starting."""
    _path(state_dir, service).unlink(missing_ok=True)


def news(state_dir: Path, service: str) -> dict[str, Any]:
    """Return what the service says, with `problem` alone if it says nothing now."""
    try:
        state: dict[str, Any] = json.loads(_path(state_dir, service).read_text())
    except FileNotFoundError:
        return {"problem": "it has not written its state yet"}
    silence = time.time() - state["written_at"]
    if silence < -_SILENCE:
        return {"problem": "it has not written its state since the clock was set back"}
    return {"problem": f"it has not written its state for {silence:.0f} s"} if silence > _SILENCE else state


def problem_in(state_dir: Path, service: str) -> str | None:
    """Return why the service is not healthy by its state file, or None if it is."""
    problem: str | None = news(state_dir, service)["problem"]
    return problem


def _path(state_dir: Path, service: str) -> Path:
    return state_dir / "run" / f"{service}.json"
