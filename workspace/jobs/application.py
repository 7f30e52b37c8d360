"""The process in which notebooks run, as the service sees it (`workspace.jobs.worker` is the other end)."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from common.settings import ROOT, SERVICE

BEGUN = "begun\n"
"""The line that the process prints once a notebook can be interrupted."""
_END_SECONDS = 20.0  # Spark takes some seconds to stop


class Application:
    """One process with one Spark, in a process group of its own with all that it starts."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str]) -> None:
        """Start it; Spark starts with its first job."""
        self._lock = threading.Lock()
        self._begun = self._unwanted = False
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    @property
    def running(self) -> bool:
        """Return whether it can take a job."""
        return self._process.poll() is None

    def run(self, job: Mapping[str, Any]) -> dict[str, Any] | None:
        """Give it a job and return its answer, or None if it ended without one."""
        stdin, stdout = self._process.stdin, self._process.stdout
        if stdin is None or stdout is None:
            raise RuntimeError("the process has no pipes")
        with self._lock:
            self._begun = self._unwanted = False
        with suppress(BrokenPipeError):
            stdin.write(json.dumps(job) + "\n")
            stdin.flush()
        line = stdout.readline()
        if line == BEGUN:
            self._begin()
            line = stdout.readline()
        answer: dict[str, Any] | None = json.loads(line) if line.endswith("\n") else None
        # Its end takes Spark some seconds, in which it would take a job and not run it.
        if answer is None or not answer.pop("lives"):
            self.kill()
        return answer

    def interrupt(self) -> None:
        """End the notebook that runs now, or as soon as it begins: while Spark starts, a signal would be lost."""
        with self._lock:
            self._unwanted = True
            if self._begun:
                self._process.send_signal(signal.SIGINT)

    def _begin(self) -> None:
        with self._lock:
            self._begun = True
            if self._unwanted:
                self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """End it while it has nothing to do."""
        with suppress(BrokenPipeError, ValueError):
            if self._process.stdin:
                self._process.stdin.write("\n")
                self._process.stdin.flush()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(_END_SECONDS)
        self.kill()

    def kill(self) -> None:
        """End it at once, with all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


def worker_command() -> tuple[str, ...]:
    """Return the command of the process in which notebooks run."""
    return (sys.executable, "-m", "workspace.jobs.worker")


def worker_environment(given: Mapping[str, str]) -> dict[str, str]:
    """Return this process's environment without the token, which is the API's alone; lines are as wide as a page's."""
    kept = {name: value for name, value in given.items() if name != "JOBS_API_TOKEN"}
    return kept | {SERVICE: "jobs", "COLUMNS": "120"}
