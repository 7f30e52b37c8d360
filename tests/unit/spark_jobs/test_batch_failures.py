"""A batch run that failed says that nothing of it is served, or that this is not known."""

from typing import Any

import psycopg2
import pytest
import typer

from spark_jobs.batch.failures import CommitUnknownError, commit, explained
from spark_jobs.batch.steps import StepFailedError, Steps

CUT = psycopg2.OperationalError("server closed the connection unexpectedly\n\tThis probably means ...")


class Connection:
    """A connection whose commit raises; `closed` is psycopg2's: 2 where it was lost."""

    def __init__(self, error: Exception, closed: int) -> None:
        self.error, self.closed = error, closed

    def commit(self) -> None:
        raise self.error


def _said(capsys: pytest.CaptureFixture[str], connection: Any) -> str:  # noqa: ANN401 - in the place of psycopg2's
    steps = Steps("batch")
    with pytest.raises(typer.Exit), explained("The batch run", "make batch"), steps("commit"):
        commit(connection, steps.part)
    return " ".join(capsys.readouterr().err.split())


def test_a_connection_lost_at_the_commit_leaves_open_whether_the_run_is_served(
    capsys: pytest.CaptureFixture[str],
) -> None:
    said = _said(capsys, Connection(CUT, closed=2))
    assert (
        "The batch run failed at batch: commit: Postgres: server closed the connection unexpectedly" in said
    )
    assert "Whether this run is served is not known" in said
    assert "`make batch`: what is served already, stays as it is" in said
    assert "Nothing of this run is served" not in said


@pytest.mark.parametrize("error", [psycopg2.OperationalError("disk full"), psycopg2.IntegrityError("twice")])
def test_a_commit_that_postgres_refused_has_served_nothing(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _said(capsys, Connection(error, closed=0))
    assert f"failed at batch: commit: Postgres: {error}" in said
    assert "Nothing of this run is served" in said


def test_a_commit_is_a_step_that_may_fail() -> None:
    with pytest.raises(CommitUnknownError):
        commit(Connection(CUT, closed=2), "batch")  # type: ignore[arg-type]
    assert issubclass(CommitUnknownError, StepFailedError)
