"""Keep runs and jobs in files, so that both outlive a restart of the service."""

import json
import threading
from pathlib import Path
from typing import Any

from workspace.folders import own_folder
from workspace.jobs.runs import Outcome, Run
from workspace.jobs.submission import Submission

# As many runs are kept; what is older goes, its output with it.
KEPT_RUNS = 500
_LOST = Outcome(
    "FAILED",
    "The service that ran it was stopped. Submit it again.",
    error="the service was stopped during the run",
    life_cycle="INTERNAL_ERROR",
)


class Store:
    """`runs/<id>.json`, `runs/<id>.txt` with the notebook's output, and `jobs/<id>.json` in a folder."""

    def __init__(self, folder: Path) -> None:
        """Read what is there; a run that had not ended has ended with the service."""
        self._runs_folder, self._jobs_folder = own_folder(folder / "runs"), own_folder(folder / "jobs")
        self._lock = threading.RLock()
        kept = sorted(self._runs_folder.glob("*.json"), key=lambda path: int(path.stem))
        self._runs = {
            run.run_id: run for run in (Run.from_json(json.loads(path.read_text())) for path in kept)
        }
        self._jobs: dict[int, dict[str, Any]] = {
            int(path.stem): json.loads(path.read_text()) for path in self._jobs_folder.glob("*.json")
        }
        for run in [run for run in self._runs.values() if not run.ended]:
            self.save(run.end(_LOST))

    def output(self, run_id: int) -> Path:
        """Return the file of what a run's notebook prints."""
        return self._runs_folder / f"{run_id}.txt"

    def add_run(self, submission: Submission, submitted_at: int, job_id: int = 0) -> tuple[Run, bool]:
        """Return a new run, or the one that was submitted with the same token; and whether it is new."""
        with self._lock:
            token = submission.idempotency_token
            for run in self._runs.values():
                if token and run.submission.idempotency_token == token:
                    return run, False
            run = Run(max(self._runs, default=0) + 1, submission, submitted_at, job_id)
            self.save(run)
            self._forget_old()
            return run, True

    def run(self, run_id: int) -> Run | None:
        """Return a run as it is now."""
        return self._runs.get(run_id)

    def save(self, run: Run) -> None:
        """Keep a run as it is now."""
        with self._lock:
            self._runs[run.run_id] = run
            _write(self._runs_folder / f"{run.run_id}.json", run.to_json())

    def add_job(self, settings: dict[str, Any]) -> int:
        """Keep a job; return its id."""
        with self._lock:
            job_id = max(self._jobs, default=0) + 1
            self._jobs[job_id] = settings
            _write(self._jobs_folder / f"{job_id}.json", settings)
            return job_id

    def job(self, job_id: int) -> dict[str, Any] | None:
        """Return the settings of a job."""
        return self._jobs.get(job_id)

    def jobs(self) -> dict[int, dict[str, Any]]:
        """Return the settings of all jobs by their ids."""
        with self._lock:
            return dict(self._jobs)

    def _forget_old(self) -> None:
        ended = [run_id for run_id, run in self._runs.items() if run.ended]
        for run_id in ended[: max(len(self._runs) - KEPT_RUNS, 0)]:
            del self._runs[run_id]
            (self._runs_folder / f"{run_id}.json").unlink(missing_ok=True)
            self.output(run_id).unlink(missing_ok=True)


def _write(path: Path, content: dict[str, Any]) -> None:
    draft = path.with_suffix(".tmp")
    draft.write_text(json.dumps(content))
    draft.replace(path)  # in one step: a restart never meets half a file
