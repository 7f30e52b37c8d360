"""Time `make up` and `make demo`: a stack of its own in local mode, on free ports, everything on, from no data.

What was installed before stays, as do the machine's caches: a second run has warm ones. The baseline is the work of all
processors meanwhile, shared out evenly: no start can be quicker than that on this machine.
"""

import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import psutil
import typer

from bench.report import Row, report
from common.settings import ROOT
from stack.local.isolated import make_settings
from stack.os_user import remove_server_home

PACKAGES = ("pyspark", "apache-airflow", "supervisor")
UP_AIM, DEMO_AIM = 60, 135


class Taken(NamedTuple):
    """Seconds that passed, and the processors' busy seconds meanwhile, divided by their number."""

    seconds: float
    work: float


def main(write: bool = False) -> None:
    """Measure and print.

    Args:
        write: put the table into docs/benchmarks.md.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pinterest-start-")))
        settings = make_settings(folder / "state")
        stack.callback(remove_server_home, settings)
        make = partial(_make, {**os.environ, **settings.environment(), "MODE": "local"})
        stack.callback(make, "clean", "FORCE=1")
        up = timed(make, "up")
        make("clean", "FORCE=1")
        demo = timed(make, "demo")
    rows = [*_rows("make up, until all is healthy", up, UP_AIM), *_rows("make demo", demo, DEMO_AIM)]
    report("Start: from nothing to all services, and to the answers", rows, packages=PACKAGES, write=write)


def _make(environment: Mapping[str, str], *words: str) -> None:
    subprocess.run(("make", *words), cwd=ROOT, env=environment, check=True)


def timed(make: "partial[None]", *words: str) -> Taken:
    """Run the command, and return what it took."""
    began, worked = time.perf_counter(), _busy_seconds()
    make(*words)
    return Taken(time.perf_counter() - began, (_busy_seconds() - worked) / (psutil.cpu_count() or 1))


def _busy_seconds() -> float:
    """Seconds for which the machine's processors have worked since its start."""
    times = psutil.cpu_times()
    return float(times.user + times.system)


def _rows(what: str, taken: Taken, aim: float) -> list[Row]:
    return [
        Row(what, taken.seconds, "s", aim=aim, better="lower"),
        Row(f"{what}, against the processors' work", taken.seconds, "s", taken.work),
    ]


if __name__ == "__main__":
    typer.run(main)
