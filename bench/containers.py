"""The memory of each container under an hour's load, against its limit: `python -m bench.containers`.

Loads the running stack through `make`, as a user does: a stream of posts, slow and then fast, and meanwhile two batch
runs of new posts and one over everything. Ends with status 1 where a container was killed, ended or came closer to its
limit than HEADROOM. It needs a stack of its own, started by `make up` with `SOURCE_ROWS=200000` in `.env`.
"""

import json
import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import typer

from bench.report import Row, report
from services.common.settings import ROOT, Settings, load_settings
from services.containers.engine import size

MB = 1024**2
# What a container has left at its peak: the next change of a library or of the data takes some of it.
HEADROOM = 0.15
SLOW_RATE, FAST_RATE = 10, 50  # posts a second; the course's own emulators send about one
SLOW_MINUTES, FAST_MINUTES = 30.0, 5.0
BATCH_POSTS = 100_000
# A killed container comes back by itself, so its end is seen by what the engine says at that time.
_ENDS = ("oom", "die")


@dataclass
class Watch:
    """What the engine said of a project's containers while they were watched, by service."""

    project: str
    peak: dict[str, int] = field(default_factory=dict)
    limit: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def measured(self, line: str) -> None:
        """Take one line of `docker stats`, which begins with escape sequences where it redraws."""
        found = re.search(r"\{.*\}", line)
        if not found:
            return
        value = json.loads(found[0])
        used, _, limit = value["MemUsage"].partition(" / ")
        found = re.fullmatch(rf"{self.project}-(.+?)-(\d+|run-\w+)", value["Name"])
        if not found:
            return  # another project's
        name = found[1]
        self.peak[name] = max(self.peak.get(name, 0), size(used))
        self.limit[name] = size(limit)

    def ended(self, line: str) -> None:
        """Take one line of `docker events`. Commands' containers end by themselves, with status 0."""
        event: dict[str, Any] = json.loads(line)
        attributes = event["Actor"]["Attributes"]
        if attributes.get("com.docker.compose.project") != self.project:
            return
        status = attributes.get("exitCode", "")
        is_command = attributes.get("com.docker.compose.oneoff") == "True"
        if event["Action"] != "die" or not is_command or status != "0":
            self.problems.append(f"{attributes['name']}: {event['Action']} {status}".strip())

    def rows(self) -> list[Row]:
        """Each container's peak against its limit, the fullest first."""
        names = sorted(self.peak, key=lambda name: -self.peak[name] / self.limit[name])
        return [
            Row(name, self.peak[name] / MB, "MB", self.limit[name] / MB, 1 - HEADROOM, "lower")
            for name in names
        ]


@contextmanager
def watching(project: str) -> Iterator[Watch]:
    """Watch the project's containers until the body ends."""
    watch = Watch(project)
    events = [word for event in _ENDS for word in ("--filter", f"event={event}")]
    commands: list[tuple[Callable[[str], None], list[str]]] = [
        (watch.measured, ["stats", "--format", "{{json .}}"]),
        (watch.ended, ["events", "--format", "{{json .}}", *events]),
    ]
    processes = [_follow(take, words) for take, words in commands]
    try:
        yield watch
    finally:
        for process in processes:
            process.terminate()


def _follow(take: Callable[[str], None], words: list[str]) -> subprocess.Popen[str]:
    process = subprocess.Popen(["docker", *words], stdout=subprocess.PIPE, text=True)
    lines = process.stdout or iter(())

    def read() -> None:
        for line in lines:
            take(line)

    threading.Thread(target=read, daemon=True).start()
    return process


def load(settings: Settings, scale: float, run: Callable[..., float]) -> list[Row]:
    """Send posts to the streams for 35 minutes and clean batches meanwhile; `scale` shortens both.

    Args:
        run: runs `make` with these words and returns its seconds.

    Returns:
        how fast the posts went, against the rate that was asked for.
    """
    posts = round(BATCH_POSTS * scale)
    slow = round(SLOW_RATE * SLOW_MINUTES * 60 * scale)
    fast = round(FAST_RATE * FAST_MINUTES * 60 * scale)

    def stream(rate: int, count: int, first: int) -> Row:
        seconds = run("emulate", f"ARGS=stream --rate {rate} --limit {count} --start-after {first}")
        return Row(f"to the streams at {rate} posts/s", count / seconds, "posts/s", rate)

    with ThreadPoolExecutor(1) as beside:
        slowly = beside.submit(stream, SLOW_RATE, slow, 0)
        for first in (0, posts):
            run("emulate", f"ARGS=batch --limit {posts} --start-after {first}")
            run("landed", "batch")
        run("trigger" if "airflow" in settings.compose_profiles else "batch", "FULL=1")
        rates = [slowly.result(), stream(FAST_RATE, fast, slow)]
    run("streamed")
    run("landed", "batch", "verify")
    return rates


def _make(problems: list[str], *words: str) -> float:
    """Run a command as a user does, note where it fails, and return its seconds."""
    started = time.monotonic()
    status = subprocess.run(["make", *words], cwd=ROOT, check=False).returncode
    seconds = time.monotonic() - started
    said = f"make {' '.join(words)}: status {status} after {seconds:.0f} s"
    print(f"{datetime.now(UTC):%H:%M:%S} {said}", flush=True)
    if status:
        problems.append(said)
    return seconds


def main(
    scale: Annotated[float, typer.Option(help="The share of the load to run: 0.1 takes some minutes.")] = 1,
    *,
    write: Annotated[bool, typer.Option(help="Write the figures into docs/benchmarks.md.")] = False,
) -> None:
    """Load the stack in containers, and print each container's peak memory against its limit."""
    settings = load_settings()
    needed = round(2 * BATCH_POSTS * scale)
    if settings.source_rows < needed:
        raise SystemExit(f"Set SOURCE_ROWS={needed} in .env, then `make clean up`.")
    with watching(project()) as watch:
        rates = load(settings, scale, partial(_make, watch.problems))
    title = f"Memory in containers, profiles {settings.compose_profiles or 'none'}"
    rows = watch.rows()
    report(title, [*rates, *rows], write=write)
    print(*watch.problems, sep="\n")
    if watch.problems or not all(row.met for row in rows):
        raise SystemExit(1)


def project() -> str:
    """The name of this checkout's Compose project."""
    printed = subprocess.run(
        ["docker", "compose", "config", "--format", "json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return str(json.loads(printed.stdout)["name"])


if __name__ == "__main__":
    typer.run(main)
