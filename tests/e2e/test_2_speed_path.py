"""Posts go to both paths at once, while the streaming writer is killed: both have the same rows in the end."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES, Table
from spark_jobs.schemas import CLEANED
from stack.local import supervision
from tests.e2e import stages
from tests.e2e.conftest import TEST_SECONDS
from tests.kinesis_records import records
from tests.locked_tables import locked
from tests.make import Make

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]

POSTS, RATE = 2_000, 100
# Sent in 20 s; the writer, killed twice, has taken 150 s on two busy cores to start and to catch up. Twice that.
TIMEOUT_SECONDS = 300.0
# make demo has sent the first of the source's posts to the streams; these are the next.
WORDS = f"--start-after {{after}} --limit {POSTS} --rate {RATE}"


def _read(stack: Settings) -> dict[str, int]:
    """Return what the writer has committed, over all its checkpoints."""
    rows = stages.ask(stack, "SELECT query, sum(read) FROM ops.stream_progress GROUP BY query")
    return {query: int(read) for query, read in rows}


def _writer(stack: Settings) -> int:
    return supervision.states(stack)["streaming-writer"].pid


def _kill_writer(stack: Settings) -> int:
    """Kill the writer, and return the number of its process."""
    pid = _writer(stack)
    os.kill(pid, signal.SIGKILL)
    return pid


def _wait_restarted(stack: Settings, pid: int) -> None:
    wait_until(
        lambda: _writer(stack) not in (0, pid),
        timeout=TIMEOUT_SECONDS,
        what="the writer's restart",
    )


@pytest.fixture(scope="module")
def sent(make: Make, stack: Settings) -> str:
    """Return what `make emulate` prints of POSTS posts to both paths, the writer killed twice meanwhile.

    The second time it has read some of the posts and has not committed them.
    """
    after = stages.source_rows(stack, "pin")[stack.emulator.stream_limit - 1]["index"]
    before = stack.emulator.stream_limit * len(TABLES)
    wait_until(lambda: sum(_read(stack).values()) == before, timeout=TIMEOUT_SECONDS, what="the demo's posts")
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(make, "emulate", f"ARGS={WORDS.format(after=after)}")
        _wait_restarted(stack, _kill_writer(stack))
        with locked(stack, "speed.pin") as is_awaited:
            wait_until(is_awaited, timeout=TIMEOUT_SECONDS, what="the writer to have read a post")
            pid = _kill_writer(stack)
        _wait_restarted(stack, pid)
        return sending.result()


def test_everything_was_acknowledged(sent: str) -> None:
    assert "trying again" not in sent.splitlines()[-1]
    assert sent.count(f"{POSTS:,}") >= 2 * len(TABLES)


@pytest.mark.usefixtures("sent")
def test_each_record_of_the_streams_is_counted_once(stack: Settings) -> None:
    streamed = stack.emulator.stream_limit + POSTS
    assert {len(records(stack, stack.stream(table), streamed)) for table in TABLES} == {streamed}
    expected = {f"speed-{table}": streamed for table in TABLES}
    wait_until(
        lambda: {**_read(stack), **expected} == _read(stack),
        timeout=TIMEOUT_SECONDS,
        what=f"{expected} to be read",
    )
    counted = "SELECT sum(cleaned), sum(duplicate), sum(quarantined) FROM ops.stream_progress GROUP BY query"
    assert stages.ask(stack, counted) == [(streamed, 0, 0)] * len(TABLES)


@pytest.fixture(scope="module")
def cleaned(make: Make, sent: str) -> None:  # noqa: ARG001 - the posts are sent
    """The batch path has served all posts that were sent."""
    make("landed")
    make("batch")


@pytest.mark.usefixtures("cleaned")
@pytest.mark.parametrize("table", TABLES)
def test_both_paths_have_the_same_rows(table: Table, stack: Settings) -> None:
    fast = stages.served_rows(stack, table, "speed")
    assert len(fast) == stack.emulator.stream_limit + POSTS
    streamed = {row[0] for row in fast}
    assert fast == [row for row in stages.served_rows(stack, table) if row[0] in streamed]


@pytest.mark.usefixtures("sent")
@pytest.mark.parametrize("table", TABLES)
def test_delta_has_what_postgres_has(table: Table, stack: Settings) -> None:
    served: list[tuple[Any, ...]] = stages.served_rows(stack, table, "speed")
    wait_until(
        lambda: stages.delta_rows(stack, table, CLEANED[table].names, "streaming") == served,
        timeout=TIMEOUT_SECONDS,
        what=f"the Delta table {table} to be as speed.{table}",
    )


@pytest.mark.usefixtures("sent")
def test_status_shows_the_queries(make: Make) -> None:
    shown = make("status")
    assert all(name in shown for name in ("speed", "delta", "experimental", "waiting"))


@pytest.mark.usefixtures("sent")
def test_every_hop_adds_up(make: Make) -> None:
    assert "All hops add up" in make("verify")
