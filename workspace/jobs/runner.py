"""Run what is submitted, one notebook after the other, in one application.

One, since notebooks of one DAG hand global views on to one another, as on a cluster, and since memory is bounded. One
after the other, since a notebook that loops, fills memory or ends its process then takes no other one along: those that
wait get a new application.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from queue import Empty, Queue

import structlog

from workspace.jobs.application import Application
from workspace.jobs.errors import ApiError
from workspace.jobs.notebooks import NotebookFolder
from workspace.jobs.runs import Outcome, Run
from workspace.jobs.store import Store

# What a notebook has to end in after it was cancelled, or its time was over, before its process is ended.
GRACE_SECONDS = 30.0
# A Spark that waits holds 1 GB. A cluster of the course ended after as long.
IDLE_SECONDS = 1800.0
_DIED = "The notebook's process ended: it was out of memory, or was killed"
_CANCELED = Outcome("CANCELED", "Run cancelled.")

StartApplication = Callable[[], Application]


class Runner:
    """Runs the notebooks of a store's runs. `submit` and `cancel` may be called from any thread."""

    def __init__(
        self, store: Store, root: Path, start: StartApplication, idle_seconds: float = IDLE_SECONDS
    ) -> None:
        self._store, self._root, self._start, self._idle = store, root, start, idle_seconds
        self._waiting: Queue[int | None] = Queue()
        self._lock = threading.RLock()
        self._application: Application | None = None
        self._current: int | None = None
        self._thread = threading.Thread(target=self._work, name="runner", daemon=True)
        self._log = structlog.get_logger(service="jobs")

    def start(self) -> None:
        """Begin to run what is submitted."""
        self._thread.start()

    def stop(self) -> None:
        """End the notebook that runs, and its process."""
        self._waiting.put(None)
        with self._lock:
            if self._application:
                self._application.kill()

    def submit(self, run: Run) -> None:
        """Have a run's notebook run once those before it have ended."""
        self._waiting.put(run.run_id)

    def cancel(self, run: Run) -> None:
        """End a run; one that has ended stays as it is."""
        with self._lock:
            run = self._store.run(run.run_id) or run
            if run.life_cycle == "QUEUED":
                self._store.save(run.end(_CANCELED))
            elif run.run_id == self._current and run.life_cycle == "RUNNING" and self._application:
                self._store.save(run.terminating())
                self._application.interrupt()
                self._kill_after(GRACE_SECONDS, run.run_id)

    def _work(self) -> None:
        while True:
            try:
                run_id = self._waiting.get(timeout=self._idle)
            except Empty:
                self._end_idle()
                continue
            if run_id is None:
                return
            run = self._store.run(run_id)
            if run and not run.ended:
                self._run(run)

    def _run(self, run: Run) -> None:
        try:
            path = NotebookFolder(self._root).find(run.submission.notebook_path)
        except ApiError as error:
            self._end(run, _not_there(error.message))
            return
        try:
            self._end(run, self._run_notebook(run, path))
        except Exception as error:
            self._log.exception("a run failed by the service's own fault", run_id=run.run_id)
            message = f"{type(error).__name__}: {error}"
            self._end(run, Outcome("FAILED", message, error=message, life_cycle="INTERNAL_ERROR"))

    def _run_notebook(self, run: Run, path: Path) -> Outcome:
        application = self._begin(run)
        if application is None:
            return _CANCELED
        seconds = run.submission.timeout_seconds
        begin = time.monotonic()
        timer = self._kill_after(seconds + GRACE_SECONDS, run.run_id) if seconds else None
        answer = application.run(
            {
                "path": str(path),
                "parameters": run.submission.parameters,
                "seconds": seconds,
                "root": str(self._root),
                "output": str(self._store.output(run.run_id)),
            }
        )
        if timer:
            timer.cancel()
        if answer is not None:
            return Outcome(**answer)
        if seconds and time.monotonic() - begin >= seconds:
            return Outcome("TIMEDOUT", "Run timed out.")
        return Outcome("FAILED", f"{_DIED}.", error=_DIED)

    def _begin(self, run: Run) -> Application | None:
        """Return the application that runs it; None if the run was cancelled while it waited."""
        with self._lock:
            now = self._store.run(run.run_id)
            if now is None or now.ended:
                return None
            if self._application is None or not self._application.running:
                self._application = self._start()
            self._current = run.run_id
            self._store.save(run.begin())
            return self._application

    def _end(self, run: Run, outcome: Outcome) -> None:
        with self._lock:
            self._current = None
            now = self._store.run(run.run_id) or run
            if now.ended:
                return
            if now.life_cycle == "TERMINATING":  # whatever came of it, it was cancelled
                outcome = replace(_CANCELED, trace=outcome.trace)
            self._store.save(now.end(outcome))
        self._log.info("run ended", run_id=run.run_id, result=outcome.result)

    def _kill_after(self, seconds: float, run_id: int) -> threading.Timer:
        """End the application so many seconds from now, if it is at this run still."""

        def kill() -> None:
            with self._lock:
                if self._current == run_id and self._application:
                    self._application.kill()

        timer = threading.Timer(seconds, kill)
        timer.daemon = True
        timer.start()
        return timer

    def _end_idle(self) -> None:
        with self._lock:
            if self._application:
                self._application.end()
                self._application = None


def _not_there(message: str) -> Outcome:
    return Outcome(
        "FAILED", f"Unable to find the notebook: {message}", error=message, life_cycle="INTERNAL_ERROR"
    )
