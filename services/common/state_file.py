"""What a service says of itself for `make status` and its health check: a small JSON file, written anew each second."""

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

_PERIOD = 1.0


class StateFile:
    """`<state_dir>/run/<service>.json`. Two of its keys are always there: `written_at`, unix seconds, and `pid`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._write_at = 0.0
        path.parent.mkdir(parents=True, exist_ok=True)

    def write(self, describe: Callable[[], dict[str, Any]]) -> None:
        """Replace the file if the last one is a second old; `describe` is asked only then."""
        if time.monotonic() < self._write_at:
            return
        self._write_at = time.monotonic() + _PERIOD
        state = {"written_at": time.time(), "pid": os.getpid()} | describe()
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps(state))
        draft.replace(self._path)  # in one step: a reader never sees half a file
