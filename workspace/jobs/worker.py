"""Run notebooks one after the other in one Spark application: `python -m workspace.jobs.worker`.

Each line of standard input is a job; on standard output one line says that its notebook has begun, the next what came
of it. Jobs and answers are JSON. SIGINT ends the notebook that runs. At the end of standard input the service has gone,
and this process goes, with all that it started.
"""

import contextlib
import json
import os
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from queue import Queue
from typing import Any, TextIO

from pyspark.sql import SparkSession

from common.settings import Settings, load_settings
from workspace.dbutils import redacted
from workspace.folders import mounts_file
from workspace.hadoop import show_mounts
from workspace.jobs.application import BEGUN
from workspace.jobs.bounded import Bounded
from workspace.jobs.runs import Outcome
from workspace.mounts import MountTable
from workspace.namespace import notebook_namespace
from workspace.run.failure import CellError
from workspace.run.limit import Interrupted, ctrl_c
from workspace.run.notebooks import NOTEBOOK_ERRORS, Notebooks
from workspace.run.output import CleanOutput
from workspace.run.paths import Workspace
from workspace.session import notebook_session

Job = dict[str, Any]
"""`path`, `parameters`, `seconds` (0 for no limit), `root` (the workspace's folder), `output` (a file)."""

_ERROR_CHARACTERS = 2000


def main() -> None:
    """Run jobs until there are no more, or until Spark has ended."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())  # what a notebook's programs print is no answer
    settings = load_settings()
    jobs: Queue[Job | None] = Queue()
    threading.Thread(target=_read, args=(sys.stdin, jobs), daemon=True).start()
    while job := jobs.get():
        outcome = run(settings, job, partial(print, BEGUN, end="", file=answers, flush=True))
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Spark, as it starts, sets a handler of its own
        lives = _spark_lives()
        print(json.dumps(asdict(outcome) | {"lives": lives}), file=answers, flush=True)
        if not lives:
            break  # the next one gets another


def _read(lines: TextIO, jobs: "Queue[Job | None]") -> None:
    """Pass on each job; an empty line ends the process in order, the end of the lines at once."""
    for line in lines:
        jobs.put(json.loads(line) if line.strip() else None)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def run(settings: Settings, job: Job, begin: Callable[[], None]) -> Outcome:
    """Run a job's notebook, its output in the job's file, and return what came of it.

    It finds the mounts that there are now, whichever notebook has made them since Spark started.

    Args:
        begin: called once the notebook can be interrupted.
    """
    try:
        session = notebook_session(settings)
        show_mounts(session, MountTable(mounts_file(settings)).read().values())
    except Exception as error:
        message = f"{type(error).__name__}: {error}"
        return Outcome("FAILED", "Spark did not start.", error=message, life_cycle="INTERNAL_ERROR")
    notebooks = Notebooks(partial(notebook_namespace, settings), Workspace(Path(job["root"])))
    with Path(job["output"]).open("w", encoding="utf-8") as file:
        output = CleanOutput(Bounded(file), redacted)
        try:
            with ctrl_c(session), contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
                begin()
                value = notebooks.run(Path(job["path"]), job["parameters"], job["seconds"] or None)
        except Interrupted:
            return Outcome("CANCELED", "Run cancelled.")
        except TimeoutError as error:
            return Outcome("TIMEDOUT", f"Run timed out: {error}.", error=str(error))
        except (Exception, SystemExit) as error:
            return failure(error)
        finally:
            output.finish_line()
    return Outcome("SUCCESS", value=redacted(value))


def failure(error: BaseException) -> Outcome:
    """Return what a notebook's error is to the API: the error itself, and the lines that led to it."""
    cause: BaseException = error
    while isinstance(cause, CellError):
        cause = cause.error
    known = isinstance(error, NOTEBOOK_ERRORS)
    text = str(cause) if isinstance(cause, NOTEBOOK_ERRORS) else f"{type(cause).__name__}: {cause}"
    short = text.partition("JVM stacktrace:")[0].strip()[:_ERROR_CHARACTERS]
    return Outcome(
        "FAILED",
        "Workload failed, see run output for details",
        error=redacted(short),
        trace=redacted(str(error) if known else short),
    )


def _spark_lives() -> bool:
    """Return whether this process's Spark can run another notebook: one may have stopped it, or filled its memory."""
    session = SparkSession._instantiatedSession  # noqa: SLF001 - the public one is this thread's
    try:
        return session is not None and not session.sparkContext._jsc.sc().isStopped()
    except Exception:
        return False


if __name__ == "__main__":
    main()
