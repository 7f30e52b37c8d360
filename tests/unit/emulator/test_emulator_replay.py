"""Test which posts are replayed, in which batches, how fast, and where a replay that was cut short goes on."""

from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path
from threading import Event

import pytest
from msgspec.structs import astuple

from contracts.rows import Row
from contracts.tables import TABLES, Table
from emulator.__main__ import plan_of
from emulator.delivery_counts import FIRST_KEYS, MAX_REASONS, DeliveryCounts
from emulator.replay import Batch, Plan, batches, paced, post_limit, record_count, streams
from emulator.summary import cut_short, resume_after
from stack.local.isolated import make_settings
from tests.source_rows import source_row


def plan(**options: object) -> Plan:
    defaults: dict[str, object] = {
        "rate": None, "limit": None, "random": False, "seed": 1, "loop": False, "batch": 500, "start_after": None,
        "ticks": 10,
    }  # fmt: skip
    return Plan(**{**defaults, **options})  # type: ignore[arg-type]


def users(keys: Iterator[int] | range) -> Iterator[Row]:
    return (source_row("user", key) for key in keys)


def sizes(batch: Batch) -> tuple[int, ...]:
    return tuple(len(batch[table]) for table in TABLES)


EVEN: dict[Table, int] = {"pin": 10, "geo": 10, "user": 10}
UNEVEN: dict[Table, int] = {"pin": 10, "geo": 8, "user": 9}
ONE_EMPTY: dict[Table, int] = {"pin": 10, "geo": 0, "user": 9}


@pytest.mark.parametrize(
    ("counts", "options", "records"),
    [
        (EVEN, {}, 30),
        (UNEVEN, {}, 27),
        (ONE_EMPTY, {}, 19),
        (EVEN, {"limit": 4}, 12),
        (UNEVEN, {"limit": 9}, 26),
        (EVEN, {"limit": 40}, 30),
        (EVEN, {"random": True}, 30),
        (UNEVEN, {"random": True}, 24),
        (EVEN, {"random": True, "limit": 40}, 120),
        (EVEN, {"loop": True}, None),
        (EVEN, {"random": True, "loop": True}, None),
        (EVEN, {"loop": True, "limit": 40}, 120),
        (ONE_EMPTY, {"loop": True}, 0),
        (ONE_EMPTY, {"random": True}, 0),
    ],
)
def test_records_are_counted_beforehand(
    counts: dict[Table, int], options: dict[str, object], records: int | None
) -> None:
    assert record_count(counts, plan(**options)) == records


@pytest.mark.parametrize(
    ("options", "posts"),
    [
        ({}, None),
        ({"limit": 3}, 3),
        ({"random": True}, 8),
        ({"random": True, "limit": 30}, 30),
        ({"loop": True}, None),
    ],
)
def test_where_a_replay_ends(options: dict[str, object], posts: int | None) -> None:
    assert post_limit(UNEVEN, plan(**options)) == posts


class Posts:
    """A source whose tables have as many rows as `UNEVEN` says, with the keys from 0."""

    def keys(self, table: Table, after: int | None) -> range:
        return range(0 if after is None else after + 1, UNEVEN[table])

    def in_order(self, table: Table, after: int | None) -> Iterator[Row]:
        return (source_row(table, key) for key in self.keys(table, after))

    def at_random(self, table: Table, keys: range, seed: int) -> Iterator[Row]:
        """Neither endless nor at random: the keys that may be drawn, each as often as the seed says."""
        return (source_row(table, key) for key in keys for _ in range(seed))


def replayed(counts: dict[Table, int], rows: int, **options: object) -> dict[Table, list[int]]:
    """By table, the keys of the first rows of a replay."""
    found = streams(Posts(), counts, plan(**options))  # type: ignore[arg-type]
    return {table: [astuple(row)[0] for row in islice(stream, rows)] for table, stream in found.items()}


def test_a_replay_sends_every_row_in_order() -> None:
    assert replayed(UNEVEN, 99) == {table: [*range(rows)] for table, rows in UNEVEN.items()}
    assert replayed(UNEVEN, 99, start_after=6) == {"pin": [7, 8, 9], "geo": [7], "user": [7, 8]}


def test_a_loop_begins_each_table_again_where_it_began() -> None:
    assert replayed(UNEVEN, 4, loop=True, start_after=6) == {
        "pin": [7, 8, 9, 7],
        "geo": [7, 7, 7, 7],
        "user": [7, 8, 7, 8],
    }


def test_random_posts_are_drawn_from_positions_that_all_tables_have() -> None:
    counts: dict[Table, int] = {"pin": 3, "geo": 1, "user": 2}
    assert replayed(counts, 99, random=True, start_after=6, seed=2) == {table: [7, 7] for table in TABLES}
    assert replayed(UNEVEN, 99, random=True, loop=True) == {table: [*range(8)] for table in TABLES}


def test_batches_hold_every_row_of_tables_of_different_length() -> None:
    streams = {table: users(range(rows)) for table, rows in UNEVEN.items()}
    assert [sizes(batch) for batch in batches(streams, 4, None)] == [(4, 4, 4), (4, 4, 4), (2, 0, 1)]


def test_a_limit_cuts_the_last_batch_and_reads_no_further() -> None:
    streams = {table: users(count()) for table in TABLES}
    assert [sizes(batch) for batch in batches(streams, 4, 6)] == [(4, 4, 4), (2, 2, 2)]
    assert [next(stream) for stream in streams.values()] == list(users(range(6, 7))) * 3


@pytest.mark.parametrize(
    ("rate", "batch", "size"), [(None, 500, 500), (0.5, 500, 1), (5, 500, 1), (1000, 500, 100), (1000, 1, 1)]
)
def test_a_rate_makes_requests_small_enough_to_flow(rate: float | None, batch: int, size: int) -> None:
    assert plan(rate=rate, batch=batch).batch_size == size


@pytest.mark.parametrize(
    ("asked", "rate", "limit"),
    [
        ({}, 50, 1_000),
        ({"rate": 3, "limit": 7}, 3, 7),
        ({"loop": True}, 50, None),
        ({"loop": True, "limit": 9}, 50, 9),
        ({"random": True}, 50, 1_000),
    ],
)
def test_the_streams_have_a_rate_and_a_limit_of_their_own(
    tmp_path: Path, asked: dict[str, object], rate: float, limit: int | None
) -> None:
    settings = make_settings(tmp_path)
    planned = plan_of("stream", plan(**asked), settings)
    assert (planned.rate, planned.limit) == (rate, limit)
    assert plan_of("batch", plan(**asked), settings) == plan(**asked)


def posts(number: int) -> list[Batch]:
    return [{table: list(users(range(1))) for table in TABLES}] * number


class Clock(Event):
    """The event that stops the flow, and the time, which passes where somebody waits and nowhere else."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now

    def wait(self, timeout: float | None = None) -> bool:
        self.now += timeout or 0
        return self.is_set()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("emulator.replay.monotonic", clock.monotonic)
    return clock


def test_a_rate_is_kept(clock: Clock) -> None:
    sent = [clock.now for _ in paced(posts(11), 50, clock)]
    assert sent == pytest.approx([number / 50 for number in range(11)])


def test_lost_time_is_not_made_up(clock: Clock) -> None:
    flow = paced(posts(4), 20, clock)
    next(flow)
    clock.now = 0.2
    assert [clock.now for _ in flow] == pytest.approx([0.25, 0.3, 0.35])


def test_a_stop_ends_the_flow_even_while_it_waits() -> None:
    stop = Event()
    flow = paced(posts(2), 0.01, stop)
    next(flow)
    stop.set()
    assert list(flow) == []


def test_a_tally_keeps_each_reason_with_its_first_keys() -> None:
    counts = DeliveryCounts()
    counts.fail(list(range(3)), "too large")
    counts.fail(list(range(3, 10)), "too large")
    assert (counts.failed, counts.reasons["too large"].count) == (10, 10)
    assert counts.reasons["too large"].keys == list(range(FIRST_KEYS))


def test_a_server_that_makes_up_reasons_does_not_fill_the_memory() -> None:
    counts = DeliveryCounts()
    for key in range(10_000):
        counts.fail([key], f"reason {key}")
    assert counts.failed == 10_000
    assert len(counts.reasons) == MAX_REASONS + 1
    assert sum(failures.count for failures in counts.reasons.values()) == 10_000


def settled(keys: range, given_up: list[int]) -> DeliveryCounts:
    counts = DeliveryCounts()
    counts.take(keys)
    if given_up:
        counts.give_up(given_up, "away")
    counts.acknowledged = counts.read - counts.failed
    return counts


@pytest.mark.parametrize(
    ("given_up", "resume"),
    [(([], [], []), 19), (([15, 16], [], []), 14), (([15, 16], [12], []), 11), (([0], [], []), -1)],
)
def test_going_on_leaves_no_post_out(given_up: tuple[list[int], ...], resume: int) -> None:
    delivered = {str(sender): settled(range(20), keys) for sender, keys in enumerate(given_up)}
    assert resume_after(delivered) == resume


def test_giving_up_twice_keeps_the_lowest_key() -> None:
    counts = settled(range(20), [9, 10])
    counts.give_up([4], "away")
    assert counts.first_given_up == 4


@pytest.mark.parametrize(
    ("counts", "total", "short"),
    [
        (settled(range(20), []), 20, False),
        (settled(range(20), []), 30, True),
        (settled(range(20), [19]), 20, True),
        (DeliveryCounts(), 20, False),
    ],
)
def test_what_counts_as_cut_short(counts: DeliveryCounts, total: int, short: bool) -> None:
    assert cut_short({"pin": counts}, total) is short
