"""Checks a machine before anything starts: `python -m stack.local.doctor`.

Each check that fails says what is wrong and what to do about it.
"""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import psutil
from rich.console import Console
from rich.text import Text

from common.command import run_command
from common.settings import ROOT, Settings, load_settings
from common.terminal import make_console
from stack.local import processes, supervision
from stack.local.compose import Service, load

# After a demo the servers hold 2 GB, the streaming writer 1.6 and Airflow 1; its batch run takes 1.2 GB more, one of a
# million posts 3.
MEMORY_NEEDED = 6 * 1024**3
# Installed servers and packages 2 GB, their data 2 GB with a million posts.
DISK_NEEDED = 5 * 1024**3


@dataclass(frozen=True)
class Finding:
    """The outcome of one check; `remedy` is empty where all is well, `fatal` false where one can do without."""

    check: str
    found: str
    remedy: str = ""
    fatal: bool = True


def python() -> Finding:
    """This Python is new enough."""
    _, remedy = _prerequisite("python", sys.executable)
    return Finding("Python", ".".join(map(str, sys.version_info[:3])), remedy)


def java() -> Finding:
    """A Java that Spark 4 and Kafka 4 run on is on the PATH."""
    version, remedy = _prerequisite("java")
    return Finding("Java", version or "none that will do", remedy)


def _prerequisite(*words: str) -> tuple[str, str]:
    """Return what stack/local/prerequisites finds, and what it says is to be done where that is nothing."""
    script = ROOT / "stack" / "local" / "prerequisites"
    done = subprocess.run([script, *words], capture_output=True, text=True, check=False)
    return done.stdout.strip(), done.stderr.strip()


def memory() -> Finding:
    """There is room for the whole stack."""
    free = psutil.virtual_memory().available
    advice = (
        "Close other programs: the whole stack takes 6 GB, with a million posts 8"
        " (COMPOSE_PROFILES= in .env: 2.5 GB less)."
    )
    remedy = "" if free >= MEMORY_NEEDED else advice
    return Finding("Memory", f"{free / 1024**3:.1f} GB free", remedy, fatal=False)


def disk(settings: Settings) -> Finding:
    """There is room for the servers and their data."""
    place = settings.state_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    remedy = "" if free >= DISK_NEEDED else f"Make room on the disk of {place}: 5 GB are needed."
    return Finding("Disk", f"{free / 1024**3:.0f} GB free", remedy, fatal=False)


def data(settings: Settings) -> Finding:
    """The data, where there are some, were made with the .env that is here: Kafka's have its cluster's id."""
    path = settings.state_dir / "kafka" / "data" / "meta.properties"
    if not path.exists():
        return Finding("Data", "none yet")
    if f"cluster.id={settings.kafka.cluster_id}" in path.read_text().splitlines():
        return Finding("Data", "ours")
    remedy = "Put the .env that they were made with here, or remove them: `make clean`."
    return Finding("Data", f"made with other secrets than .env has, in {settings.state_dir}", remedy)


def ports(settings: Settings, services: Iterable[Service]) -> Iterator[Finding]:
    """Each port of the services is free, or held by the very service it is for."""
    for service in services:
        for variable, number in service.ports.items():
            yield _port(service.name, variable, number, settings)


def _port(service: str, variable: str, number: int, settings: Settings) -> Finding:
    """`number` is the value of `variable`."""
    check = f"Port {number} ({service})"
    if not processes.listening(number):
        return Finding(check, "free")
    state = supervision.states(settings).get(service)
    if state and state.pid and processes.listens(state.pid, number):
        return Finding(check, "ours")
    holder = processes.holder(number)
    who = f"{holder.name()}, pid {holder.pid}" if holder else "a program of another account"
    remedy = f"Stop that program, or set {variable} in .env to a free port."
    return Finding(check, f"held by {who}", remedy)


def findings(settings: Settings, services: Iterable[Service]) -> Iterator[Finding]:
    """All checks, in the order in which they are worth reading; the ports are those of the services."""
    general: list[Callable[[], Finding]] = [python, java, memory]
    yield from (check() for check in general)
    yield disk(settings)
    yield data(settings)
    yield from ports(settings, services)


def chosen(settings: Settings) -> list[Service]:
    """Return the services that `make up` starts."""
    return [service for service in load(settings).values() if service.enabled]


def show(console: Console, results: list[Finding]) -> None:
    """Print a line for each finding, its remedy below it."""
    for finding in results:
        mark = Text("✗", "red") if finding.remedy else Text("✓", "green")
        console.print(mark, f"{finding.check}: {finding.found}", highlight=False, soft_wrap=True)
        if finding.remedy:
            console.print(f"    {finding.remedy}", style="yellow", highlight=False, soft_wrap=True)


def main() -> None:
    """Check this machine; status 1 if anything must be mended first."""
    settings = load_settings()
    results = list(findings(settings, chosen(settings)))
    show(make_console(), results)
    if any(finding.remedy for finding in results):
        raise SystemExit(1)


if __name__ == "__main__":
    run_command(main, "make doctor")
