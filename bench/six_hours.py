"""Six hours of the course's emulators, a post a second for ever, in minutes: does any process keep more and more?

Starts a stack of its own in local mode, without Airflow and the dashboard, whose work follows the clock and not the
posts; a running one is left alone. As many posts as six hours bring go to the topics and to the streams, at a rate that
takes minutes, and batch runs follow each other. Each process' memory at the end is compared with that after a tenth of
the time. Then all stages must add up, and each post that was acknowledged must be served once by its path. Ends with
status 1 where one is not, or where a process that is to stay as it is has grown by more than AIM. The records are those
of six hours, the requests are fewer: each has the posts of half a second.
"""

import signal
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Annotated

import psutil
import typer

from bench import own_stack
from bench.drill.accounts import Account, accounts, source_keys
from bench.drill.load import BatchRuns
from bench.report import Row, report
from bench.sampling import series
from common.settings import ROOT, Settings
from emulator.formats import ROUTES, Route
from stack.local import processes, supervision
from stack.local.install import mysql_problem
from stack.local.isolated import ServiceProcess, make_settings

AIM = 1.1
PACKAGES = ("pyspark", "deltalake", "confluent-kafka", "supervisor")
LOGS = ROOT / ".local" / "six-hours"
SIX_HOURS_POSTS = 6 * 3600
# In the six hours of a run's six minutes there would be a batch run at most; this is one for each hour.
_BATCH_PAUSE_SECONDS = 40.0
_LOOK_SECONDS = 2.0
_KINESIS = "localstack's Kinesis"
# What is to hold more the more there is, and why: for these there is no aim.
_GROWS = {
    "localstack": ", which has S3 in memory",
    _KINESIS: ", up to 64 MB of it records",
    "postgres": ", up to 192 MB of it rows of its tables",
}
_MB = 1024**2
_TERMINATED = 128 + signal.SIGTERM


def main(
    posts: Annotated[
        int, typer.Option(min=100, help="To each path, each of three records.")
    ] = SIX_HOURS_POSTS,
    rate: Annotated[float, typer.Option(min=1, help="Posts a second to each path.")] = 60,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print."""
    if problem := mysql_problem():
        raise SystemExit(problem)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # the stack is not left behind
    with TemporaryDirectory(prefix="pinterest-six-hours-") as folder:
        settings = make_settings(Path(folder) / "state", SOURCE_ROWS=posts, COMPOSE_PROFILES="stream")
        with own_stack.started(settings, LOGS):
            seconds, sizes = under_load(settings, posts, rate)
            own_stack.settle(settings)
            found = accounts(settings, partial(source_keys, settings))
    rows = [*delivered(posts, seconds, found), *grown(sizes)]
    report(
        f"Six hours at a post a second: {posts:,} posts to each path", rows, packages=PACKAGES, write=write
    )
    if any(row.met is False for row in rows):
        raise SystemExit(1)


def under_load(settings: Settings, posts: int, rate: float) -> tuple[float, Mapping[str, list[float]]]:
    """Send the posts on both paths; return the seconds that it took, and the MB of each process meanwhile.

    Raises:
        RuntimeError: an emulator or a batch run failed.
    """
    logs, began = settings.state_dir / "logs", time.monotonic()
    sampled = series(lambda: {name: size / _MB for name, size in held(settings).items()}, _LOOK_SECONDS)
    with BatchRuns(settings, logs, _BATCH_PAUSE_SECONDS) as runs, sampled as sizes:
        with ExitStack() as running:
            emulators = [running.enter_context(_emulator(settings, route, posts, rate)) for route in ROUTES]
            for emulator in emulators:
                _wait_for(emulator)
        seconds = time.monotonic() - began
    if runs.failed:
        raise RuntimeError(f"{runs.failed} batch runs failed")
    return seconds, sizes


def _emulator(settings: Settings, route: Route, posts: int, rate: float) -> ServiceProcess:
    command = ("emulator", route, "--rate", f"{rate:g}", "--limit", str(posts))
    return ServiceProcess(settings, *command, log=settings.state_dir / "logs" / f"emulator-{route}.log")


def _wait_for(emulator: ServiceProcess) -> None:
    if status := emulator.wait():
        raise RuntimeError(f"an emulator ended with status {status}:\n{emulator.output()}")


def held(settings: Settings) -> Mapping[str, int]:
    """Return the bytes that each service holds, pages that processes share divided among them; Kinesis by itself."""
    found = defaultdict[str, int](int)
    for service, state in supervision.states(settings).items():
        for process in processes.tree(state.pid) if state.active else ():
            try:
                inside = any(word.endswith("kinesis-local/main.js") for word in process.cmdline())
                found[_KINESIS if inside else service] += process.memory_full_info().pss
            except psutil.NoSuchProcess:
                continue
    return found


def delivered(posts: int, seconds: float, found: Sequence[Account]) -> list[Row]:
    """Return what was sent and what became of it."""
    return [
        Row("posts a second to each path", posts / seconds, "posts/s"),
        Row("records acknowledged", sum(each.acknowledged for each in found), "", posts * len(found), 1),
        Row("of them lost", sum(each.lost for each in found), "", aim=0, better="lower"),
        Row("of them served twice", sum(each.twice for each in found), "", aim=0, better="lower"),
    ]


def grown(sizes: Mapping[str, Sequence[float]]) -> list[Row]:
    """Return each process' memory in the last tenth of the time against that in the second.

    What has grown by more than AIM is compared with the sixth tenth too: so a heap that fills up to its bound is told
    from what grows for ever.
    """
    rows = list[Row]()
    for name, each in sorted(sizes.items()):
        what, aim = f"memory of {name}{_GROWS.get(name, '')}: at the end", None if name in _GROWS else AIM
        rows.append(Row(f"{what}, against after a tenth", tenth(each, 9), "MB", tenth(each, 1), aim, "lower"))
        if rows[-1].met is False:
            rows.append(
                Row(f"{what}, against after half", tenth(each, 9), "MB", tenth(each, 5), aim, "lower")
            )
    return rows


def tenth(sizes: Sequence[float], number: int) -> float:
    """Return the median of one tenth of what was measured, the first of which has the number 0."""
    begin, end = (len(sizes) * each // 10 for each in (number, number + 1))
    return median(sizes[begin:end] or sizes[begin : begin + 1])


if __name__ == "__main__":
    typer.run(main)
