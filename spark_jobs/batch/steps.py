"""The steps of a run: which one is under way, how long each took, and which one failed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from time import monotonic

import psycopg2

from common.terminal import note
from spark_jobs.sinks.s3_answers import in_words

_RAISED = re.compile(r"(?:Caused by: |: )?([\w.$]+(?:Error|Exception|NoSuchKey): .*)")


class StepFailedError(RuntimeError):
    """A step of the run failed; the message names it and says why."""


class Steps:
    """Measures the steps of one part of a run, which began at `began_at`."""

    def __init__(self, part: str) -> None:
        self.part = part
        self.began_at = datetime.now(UTC)
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Run a step, and say so as it begins.

        Raises:
            StepFailedError: the step raised.
        """
        note(f"{self.part}: {name} ...")
        begin = monotonic()
        try:
            yield
        except StepFailedError:
            raise
        except Exception as error:
            raise StepFailedError(f"{self.part}: {name}: {reason(error)}") from error
        finally:
            self.seconds[name] = round(monotonic() - begin, 3)


def reason(error: Exception) -> str:
    """Return what went wrong, and where that is Postgres; without the stack traces of Spark's messages."""
    lines = [line.strip() for line in in_words(str(error)).splitlines() if line.strip()]
    # The line that ends a Python worker's traceback, or the last cause of Java's, says more than the first one.
    raised = [match[1] for line in lines if (match := _RAISED.match(line))]
    found = next(iter(raised[-1:] or lines[:1]), type(error).__name__)
    return f"Postgres: {found}" if isinstance(error, psycopg2.Error) else found
