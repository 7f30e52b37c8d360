"""A whole stack of a benchmark's own in local mode: started, brought to rest, and removed at the end."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from common.settings import ROOT, Settings
from common.terminal import complain

# `make verify` compares the speed path's rows from this age on, when its Delta query has had its turn.
_SETTLED_SECONDS = 90.0


@contextmanager
def started(settings: Settings, logs: Path) -> Iterator[None]:
    """Have the stack up while it lasts; after a failure its logs are in the folder `logs`.

    Raises:
        SystemExit: it does not come up.
    """
    with ExitStack() as stack:
        stack.callback(run, settings, "stack.local", "clean", "--force")
        try:
            run(settings, "stack.local", "up")
            yield
        except BaseException:
            shutil.rmtree(logs, ignore_errors=True)
            shutil.copytree(settings.state_dir / "logs", logs)
            complain(f"The logs of the benchmark's stack are in {logs}.")
            raise


def settle(settings: Settings) -> None:
    """Let both paths come to their end once nothing is sent any more, and compare all that they hold.

    Raises:
        SystemExit: a stage does not get there, or does not add up; what it printed stands above.
    """
    ended = time.monotonic()
    for module in ("services.s3_sink.catch_up", "spark_jobs.batch", "operations.streamed"):
        run(settings, module)
    time.sleep(max(0.0, ended + _SETTLED_SECONDS - time.monotonic()))
    run(settings, "operations.verify")


def run(settings: Settings, *command: str) -> None:
    """Run a command of the product in the stack.

    Raises:
        SystemExit: it failed.
    """
    variables = {**os.environ, **settings.environment()}
    words = [sys.executable, "-I", "common/environment.py", *command]
    if subprocess.run(words, cwd=ROOT, env=variables, check=False).returncode:
        raise SystemExit(f"`{' '.join(command)}` failed in the benchmark's stack.")
