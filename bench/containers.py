"""The memory of each container under an hour's load, against its limit: `python -m bench.containers`.

Loads the running stack through `make`, as a user does: a stream of posts, slow and then fast, and meanwhile two batch
runs of new posts and one over everything. Ends with status 1 where a container was killed, ended or came closer to its
limit than HEADROOM. It needs a stack of its own, started by `make up` with `SOURCE_ROWS=200000` in `.env`.
"""

import json
import os
import re
import signal
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

import docker
import typer
from docker.errors import NotFound
from docker.models.containers import Container

from bench.report import Row, report
from common.settings import ROOT, Settings, load_settings

MB = 1024**2
# What a container has left at its peak: the next change of a library or of the data takes some of it.
HEADROOM = 0.15
SLOW_RATE, FAST_RATE = 10, 50  # posts a second; the course's own emulators send about one
SLOW_MINUTES, FAST_MINUTES = 30.0, 5.0
BATCH_POSTS = 100_000


@dataclass
class Watch:
    """Record what the engine says of a project's containers while they were watched, by service."""

    peak: dict[str, int] = field(default_factory=dict)
    limit: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def measured(self, container: Container) -> None:
        """Note what a container holds now."""
        for service, (held, limit) in held_now(container).items():
            self.peak[service] = max(self.peak.get(service, 0), held)
            self.limit[service] = limit

    def ended(self, event: dict[str, Any]) -> None:
        """Note the end of a container, but that of a command that ends by itself or as by Ctrl-C."""
        attributes = event["Actor"]["Attributes"]
        status = attributes.get("exitCode", "")
        is_command = attributes.get("com.docker.compose.oneoff") == "True"
        if event["Action"] != "die" or not is_command or status not in ("0", str(128 + signal.SIGINT)):
            self.problems.append(f"{attributes['name']}: {event['Action']} {status}".strip())

    def rows(self) -> list[Row]:
        """Return each container's peak against its limit, the fullest first."""
        names = sorted(self.peak, key=lambda name: -self.peak[name] / self.limit[name])
        return [
            Row(name, self.peak[name] / MB, "MB", self.limit[name] / MB, 1 - HEADROOM, "lower")
            for name in names
        ]


def held_now(container: Container) -> dict[str, tuple[int, int]]:
    """Return by service the bytes that a container holds, and its limit; nothing where it has just ended.

    The cache of files does not count: the kernel takes it back before it kills.
    """
    try:
        memory = container.stats(stream=False, one_shot=True)["memory_stats"]
    except (NotFound, ValueError):  # no such container, or an answer without JSON
        return {}
    if "usage" not in memory:
        return {}
    cache = sum(memory["stats"][f"{kind}_file"] for kind in ("active", "inactive"))
    return {container.labels["com.docker.compose.service"]: (memory["usage"] - cache, memory["limit"])}


def of_project(project: str) -> dict[str, str]:
    """Return the engine's filter for a project's containers."""
    return {"label": f"com.docker.compose.project={project}"}


def _ends_of_project(project: str) -> dict[str, Any]:
    """Return the engine's filter for the events that tell of a container's end, or of its limit."""
    return {**of_project(project), "event": ["oom", "die"]}


def problems_since(engine: docker.DockerClient, project: str, since: float) -> list[str]:
    """Return what `Watch.ended` notes of a project's containers since that time (seconds of the epoch)."""
    watch, filters = Watch(), _ends_of_project(project)
    for event in engine.events(since=since, until=time.time(), decode=True, filters=filters):
        watch.ended(event)
    return watch.problems


@contextmanager
def watching(project: str) -> Iterator[Watch]:
    """Watch the project's containers until the body ends."""
    watch, stop, engine = Watch(), threading.Event(), docker.from_env()
    ours = of_project(project)
    events = engine.events(decode=True, filters=_ends_of_project(project))

    def look() -> None:
        """Ask of all at once: an answer takes the engine a second."""
        with ThreadPoolExecutor(32) as pool:
            while not stop.is_set():
                try:
                    list(pool.map(watch.measured, engine.containers.list(filters=ours, ignore_removed=True)))
                except Exception as error:  # a watch that has ended must not pass for one that saw nothing
                    watch.problems.append(f"the watch of the memory ended: {error!r}")
                    return

    def listen() -> None:
        for event in events:
            watch.ended(event)

    threads = [threading.Thread(target=each) for each in (look, listen)]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        stop.set()
        events.close()
        for thread in threads:
            thread.join()


def load(settings: Settings, scale: float, run: Callable[..., str]) -> list[Row]:
    """Send posts to the streams for 35 minutes and clean batches meanwhile; `scale` shortens both.

    Args:
        run: runs `make` with these words, for `at_most` seconds, and returns what it printed.

    Returns:
        how fast the posts went, against the rate that was asked for.
    """
    posts = round(BATCH_POSTS * scale)
    slow = round(SLOW_RATE * SLOW_MINUTES * 60 * scale)

    def stream(rate: int, minutes: float, first: int) -> Row:
        seconds = minutes * 60 * scale
        words = f"stream --rate {rate} --limit {round(rate * seconds)} --start-after {first}"
        printed = run("emulate", f"ARGS={words}", at_most=seconds)
        return Row(f"to the streams at {rate} posts/s", posts_a_second(printed), "posts/s", rate)

    with ThreadPoolExecutor(1) as beside:
        slowly = beside.submit(stream, SLOW_RATE, SLOW_MINUTES, 0)
        for first in (0, posts):
            run("emulate", f"ARGS=batch --limit {posts} --start-after {first}")
            run("landed", "batch")
        run("trigger" if "airflow" in settings.compose_profiles else "batch", "FULL=1")
        rates = [slowly.result(), stream(FAST_RATE, FAST_MINUTES, slow)]
    run("streamed")
    run("landed", "batch", "verify")
    return rates


def posts_a_second(printed: str) -> float:
    """Return the rate that the emulator's last line tells: each post is three records."""
    told = re.search(r"([\d,]+) records acknowledged in ([\d.]+) s", printed)
    return int(told[1].replace(",", "")) / 3 / float(told[2]) if told else 0.0


def _make(problems: list[str], *words: str, at_most: float | None = None) -> str:
    """Run a command as a user does, note where it fails, and return what it printed.

    Args:
        at_most: seconds after which it is interrupted as by Ctrl-C; that is no failure.
    """
    started = time.monotonic()
    command = subprocess.Popen(
        ["make", *words], cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    interrupt = threading.Timer(at_most or 0, os.killpg, [command.pid, signal.SIGINT])
    if at_most:
        interrupt.start()
    with command:
        printed = "".join(map(_echo, command.stdout or ()))
    interrupt.cancel()
    seconds = time.monotonic() - started
    said = f"make {' '.join(words)}: status {command.returncode} after {seconds:.0f} s"
    print(f"{datetime.now(UTC):%H:%M:%S} {said}", flush=True)
    if command.returncode and not (at_most and seconds >= at_most):
        problems.append(said)
    return printed


def _echo(line: str) -> str:
    print(line, end="", flush=True)
    return line


def main(
    scale: Annotated[float, typer.Option(help="The share of the load to run: 0.1 takes some minutes.")] = 1,
    *,
    write: Annotated[bool, typer.Option(help="Write the figures into docs/benchmarks.md.")] = False,
) -> None:
    """Load the stack in containers, and print each container's peak memory against its limit."""
    settings = load_settings()
    # Whoever started this in the background may have it ignore Ctrl-C, and all that it starts too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    needed = round(2 * BATCH_POSTS * scale)
    if settings.source.rows < needed:
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
