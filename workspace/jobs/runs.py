"""A run: its states, and what the API says of it.

    QUEUED -> RUNNING (-> TERMINATING) -> TERMINATED with a result, or INTERNAL_ERROR where no notebook was run

Reference: Databricks' REST API, Jobs, "Get a single job run" and "Get the output for a single run".
"""

import time
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from workspace.jobs.submission import Submission

ENDED = frozenset({"TERMINATED", "INTERNAL_ERROR"})


@dataclass(frozen=True)
class Outcome:
    """The result of a notebook.

    Attributes:
        result: SUCCESS, FAILED, TIMEDOUT, CANCELED.
        message: in a sentence.
        value: of dbutils.notebook.exit.
        error: the error of the failing cell, and of a run that never began.
        trace: the cell, its lines and the error.
        life_cycle: TERMINATED, or INTERNAL_ERROR where the notebook was not at fault.
    """

    result: str
    message: str = ""
    value: str = ""
    error: str = ""
    trace: str = ""
    life_cycle: str = "TERMINATED"


@dataclass(frozen=True)
class Run:
    """One run. Times are in milliseconds since 1970, 0 before they have come."""

    run_id: int
    submission: Submission
    submitted_at: int
    job_id: int = 0
    life_cycle: str = "QUEUED"
    begun_at: int = 0
    ended_at: int = 0
    outcome: Outcome | None = None

    @property
    def ended(self) -> bool:
        """Return whether nothing comes any more."""
        return self.life_cycle in ENDED

    def begin(self) -> Self:
        """Return the run once its notebook runs."""
        return replace(self, life_cycle="RUNNING", begun_at=now())

    def terminating(self) -> Self:
        """Return the run while it is being ended."""
        return replace(self, life_cycle="TERMINATING")

    def end(self, outcome: Outcome) -> Self:
        """Return the run once it is over."""
        return replace(self, life_cycle=outcome.life_cycle, ended_at=now(), outcome=outcome)

    def to_json(self) -> dict[str, Any]:
        """Return what is kept of it."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """Return the run of which this is kept."""
        outcome = kept["outcome"]
        return cls(
            **kept
            | {
                "submission": Submission(**kept["submission"]),
                "outcome": outcome and Outcome(**outcome),
            }
        )


def now() -> int:
    """Return the time in milliseconds since 1970."""
    return round(time.time() * 1000)


def describe(run: Run, page_url: str) -> dict[str, Any]:
    """Return the answer of runs/get. The run's one task has the id of the run."""
    common = {
        "run_id": run.run_id,
        "run_page_url": page_url,
        "state": _state(run),
        "start_time": run.submitted_at,
        "setup_duration": 0,
        "execution_duration": _span(run.begun_at, run.ended_at),
        "cleanup_duration": 0,
        "queue_duration": _span(run.submitted_at, run.begun_at),
        "end_time": run.ended_at,
        "attempt_number": 0,
    }
    task = {"task_key": run.submission.task_key, "notebook_task": _notebook_task(run)}
    return common | {
        "job_id": run.job_id,
        "number_in_job": run.run_id,
        "original_attempt_run_id": run.run_id,
        "run_name": run.submission.name,
        "run_type": "JOB_RUN" if run.job_id else "SUBMIT_RUN",
        "run_duration": _span(run.submitted_at, run.ended_at),
        "trigger": "ONE_TIME",
        "format": "MULTI_TASK",
        "tasks": [common | task],
    }


def describe_output(run: Run, page_url: str) -> dict[str, Any]:
    """Return the answer of runs/get-output."""
    outcome = run.outcome or Outcome("")
    output: dict[str, Any] = {"metadata": describe(run, page_url)}
    if outcome.result == "SUCCESS":
        # As the real API has it, a notebook that gave no value has no result.
        output["notebook_output"] = {"result": outcome.value, "truncated": False} if outcome.value else {}
    if outcome.error:
        output |= {"error": outcome.error, "error_trace": outcome.trace}
    return output


def _state(run: Run) -> dict[str, Any]:
    outcome = run.outcome
    state: dict[str, Any] = {
        "life_cycle_state": run.life_cycle,
        "state_message": outcome.message if outcome else _waiting(run),
        "user_cancelled_or_timedout": outcome is not None and outcome.result in {"CANCELED", "TIMEDOUT"},
    }
    return state | {"result_state": outcome.result} if outcome else state


def _waiting(run: Run) -> str:
    return "Waits for the run before it" if run.life_cycle == "QUEUED" else "In run"


def _notebook_task(run: Run) -> dict[str, Any]:
    submission = run.submission
    return {
        "notebook_path": submission.notebook_path,
        "base_parameters": submission.parameters,
        "source": "WORKSPACE",
    }


def _span(begin: int, end: int) -> int:
    """Return the milliseconds between two times, as far as they have come."""
    return (end or now()) - begin if begin else 0
