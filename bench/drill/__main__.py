"""`python -m bench.drill`, in the Makefile `make drill KILLS=20 SEED=1`: does a stack under load lose anything?

Starts a stack of its own in local mode, in a temporary folder and on free ports, so a running one is left alone. While
posts go through both paths and batch runs follow each other, services are killed, paused, and cut off from Kafka, S3 or
Postgres, and with KINDS=step their clock is set an hour ahead and back, as `bench.drill.plan` says for the seed. Then
all stages must add up, and each post that was acknowledged must be served once by its path. The stack is removed at the
end; after a failure its logs stay in .local/drill.
"""

import secrets
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, get_args

import typer

from bench import own_stack
from bench.drill import clock, load, recovery
from bench.drill.accounts import accounts, source_keys
from bench.drill.link import Link
from bench.drill.outcome import Outcome, rows, slowest
from bench.drill.plan import BATCH_JOB, Fault, Kind, faults
from bench.drill.strike import Striker
from bench.report import report
from common.command import run_command
from common.settings import ROOT, Settings
from common.terminal import make_console
from common.wait import wait_until
from stack.local.install import mysql_problem
from stack.local.isolated import free_port, make_settings

PACKAGES = ("pyspark", "deltalake", "confluent-kafka", "supervisor")
LOGS = ROOT / ".local" / "drill"
DEFAULT_KINDS = "kill pause cut"
USAGE = '`make drill KILLS=20 SEED=1 KINDS="kill step"`: so many faults of these kinds, chosen by this seed.'
# The slowest, the streaming writer with its Spark, takes a minute on two busy cores; ten times that.
_RECOVERY_SECONDS = 600.0
# Between two batch runs lie 5 s, and a run takes 20 to 60 s on two busy cores; ten times their sum.
_RUN_SECONDS = 600.0
_TERMINATED = 128 + signal.SIGTERM

console = make_console()


def main(
    kills: Annotated[int, typer.Option(min=1, max=1000, help="How many faults.")] = 20,
    seed: Annotated[int | None, typer.Option(min=0, help="Chooses them; else one by chance.")] = None,
    kinds: Annotated[str, typer.Option(help="Of which kinds, of kill, pause, cut and step.")] = DEFAULT_KINDS,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Do the drill; status 1 where something was lost, or did not recover."""
    wanted = chosen(kinds)
    if problem := mysql_problem() or ("step" in wanted and clock.problem()):
        raise SystemExit(problem)
    if "step" in wanted:
        clock.load()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(_TERMINATED))  # the stack is not left behind
    seed = secrets.randbelow(2**32) if seed is None else seed
    again = f"make drill KILLS={kills} SEED={seed}" + (f' KINDS="{kinds}"' if kinds != DEFAULT_KINDS else "")
    console.print(f"A drill of {kills} faults. `{again}` chooses the same again.")
    with stack_of_its_own(kills) as (settings, link):
        outcomes = under_load(settings, link, faults(kills, seed, wanted))
        own_stack.settle(settings)
        found = accounts(settings, partial(source_keys, settings))
    report("Drill", rows(outcomes, found), packages=PACKAGES, write=write)
    console.print("\n".join(map(str, [*found, slowest(outcomes)])), highlight=False)
    if any(each.lost or each.twice for each in found):
        raise SystemExit(1)


def chosen(named: str) -> list[Kind]:
    """Return the kinds of fault that are named, with blanks between them.

    Raises:
        typer.BadParameter: one is none, or there is none.
    """
    words = named.split()
    if not words or not {*words} <= {*get_args(Kind)}:
        raise typer.BadParameter(
            f"'{named}' is not one or more of {', '.join(get_args(Kind))}", param_hint="'--kinds'"
        )
    return [kind for kind in get_args(Kind) if kind in words]


@contextmanager
def stack_of_its_own(kills: int) -> Iterator[tuple[Settings, Link]]:
    """A stack without Airflow, whose clients reach LocalStack through the link; removed at the end."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="pinterest-drill-")))
        port, rows_needed = free_port(), load.source_rows(kills)
        endpoint = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}", "COMPOSE_PROFILES": "stream"}
        settings = make_settings(folder / "state", SOURCE_ROWS=rows_needed, **endpoint)
        link = stack.enter_context(Link(port, settings.localstack.port))
        stack.enter_context(own_stack.started(settings, LOGS))
        yield settings, link


def under_load(settings: Settings, link: Link, plan: list[Fault]) -> list[Outcome]:
    """Carry the plan out while posts go through both paths, and end the load."""
    logs, outcomes, began = settings.state_dir / "logs", list[Outcome](), time.monotonic()
    with load.emulators(settings, len(plan), logs) as emulators, load.BatchRuns(settings, logs) as runs:
        striker = Striker(settings, link, lambda target: _pid(settings, runs, target))
        for fault in plan:
            outcomes.append(_carry_out(settings, striker, runs, fault, began))
            console.print(str(outcomes[-1]), highlight=False, soft_wrap=True)
        _wait_well(settings)
        for emulator in emulators.values():
            load.finish(emulator)
    console.print(f"Batch runs: {runs.succeeded} succeeded, {runs.failed} ended by faults.", highlight=False)
    return outcomes


def _pid(settings: Settings, runs: load.BatchRuns, target: str) -> int:
    def pid() -> int:
        return runs.pid if target == BATCH_JOB else recovery.pid_of(settings, target)

    return wait_until(pid, timeout=_RUN_SECONDS, what=f"a process of {target}, to hit it")


def _carry_out(
    settings: Settings, striker: Striker, runs: load.BatchRuns, fault: Fault, began: float
) -> Outcome:
    time.sleep(fault.gap)
    at = time.monotonic() - began
    striker.strike(fault)
    if not fault.awaited:
        return Outcome(fault, at, None)
    ended, done = time.monotonic(), runs.succeeded
    _wait_well(settings)
    if BATCH_JOB in (fault.target, fault.client) or fault.kind == "step":
        wait_until(lambda: runs.succeeded > done, timeout=_RUN_SECONDS, what="a batch run to succeed")
    return Outcome(fault, at, time.monotonic() - ended)


def _wait_well(settings: Settings) -> None:
    ill: dict[str, str] = {}

    def well() -> bool:
        ill.clear()
        ill.update(recovery.ills(settings))
        return not ill

    try:
        wait_until(well, timeout=_RECOVERY_SECONDS, what="all services to be healthy")
    except TimeoutError as error:
        raise SystemExit(f"{error}: {ill}") from None


if __name__ == "__main__":
    run_command(main, "make drill", usage=USAGE)
