"""Batch failures: recorded in ops, reported to the caller."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg2
import typer
from botocore.exceptions import BotoCoreError, ClientError

from common.terminal import complain
from contracts.run_counts import CountsDoNotAddUpError
from spark_jobs.batch.landing import LandingError
from spark_jobs.batch.steps import StepFailedError, Steps, reason
from spark_jobs.sinks import postgres

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

FAILURES = (StepFailedError, CountsDoNotAddUpError, LandingError)


class AlreadyRunningError(RuntimeError):
    """Another run holds the lock."""


class RefusedError(RuntimeError):
    """The request cannot be fulfilled now; the message says why."""


class CommitUnknownError(StepFailedError):
    """The connection was lost at the commit: Postgres may have done it."""


def lock(connection: "PostgresConnection") -> None:
    """Keep other runs out for as long as the connection lives.

    Raises:
        AlreadyRunningError: another one is at work.
    """
    if not postgres.lock(connection):
        raise AlreadyRunningError("another batch run is at work; wait for its end")


def commit(connection: "PostgresConnection", part: str) -> None:
    """Commit what a part of a run has done.

    Raises:
        CommitUnknownError: the answer was lost.
        psycopg2.Error: Postgres refuses; nothing of the run is visible.
    """
    try:
        connection.commit()
    except psycopg2.OperationalError as error:
        if not connection.closed:
            raise
        raise CommitUnknownError(f"{part}: commit: {reason(error)}") from error


@contextmanager
def recorded(connection: "PostgresConnection", mode: str, steps: Steps) -> Iterator[None]:
    """Undo what a run that fails has done in Postgres, and record it in ops; the failure is passed on."""
    try:
        yield
    except FAILURES as error:
        with suppress(psycopg2.Error):  # where Postgres is what failed, there is nowhere to record it
            connection.rollback()
            postgres.record_run(
                connection, mode=mode, started_at=steps.began_at, seconds=steps.seconds, error=str(error)
            )
            connection.commit()
        raise


@contextmanager
def explained(what: str, again: str) -> Iterator[None]:
    """End the program with status 1, the cause and what to do about it.

    Args:
        what: what failed, such as `The batch run`.
        again: the command to repeat.
    """
    try:
        yield
    except AlreadyRunningError as error:
        raise _failed(f"Not started: {error}.") from None
    except RefusedError as error:
        raise _failed(str(error)) from None
    except psycopg2.OperationalError as error:
        raise _failed(f"Postgres: {str(error).strip()}", "`make status`, then `make up`") from None
    except (BotoCoreError, ClientError) as error:
        raise _failed(f"S3: {error}", "`make status`, then `make up`") from None
    except CommitUnknownError as error:
        remedy = (
            "Whether this run is served is not known: the answer of Postgres was lost. See `make status`, then repeat"
            f" with `{again}`: what is served already, stays as it is"
        )
        raise _failed(f"{what} failed at {error}", remedy) from None
    except FAILURES as error:
        remedy = f"Nothing of this run is served. See `make status`, then repeat with `{again}`"
        raise _failed(f"{what} failed at {error}", remedy) from None


def _failed(message: str, remedy: str | None = None) -> typer.Exit:
    complain(message if remedy is None else f"{message}\n{remedy}.")
    return typer.Exit(1)
