"""The steps of a run: which one is under way, how long each took, and which one failed."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

from common.terminal import note


class StepFailedError(RuntimeError):
    """A step of the run failed; the message names it and says why."""


class Steps:
    """Measures the steps of one part of a run."""

    def __init__(self, part: str) -> None:
        self.part = part
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
    """Return what went wrong, without the stack traces that Spark puts into its messages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    # An error in a Python worker: the line that ends its traceback says more than the first one.
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|NoSuchKey): ", line)]
    return next(iter(raised[-1:] or lines[:1]), type(error).__name__)
