"""The dashboard's readings of a real Postgres, as `analyst`: they say what is there, and can do no more than read."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import psycopg2
import pytest

from common.clients import postgres_connection
from common.settings import Settings
from common.wait import wait_until
from dashboard.readings.answers import ask, read_kept
from dashboard.readings.newest import read_newest
from dashboard.readings.postgres import asking
from dashboard.readings.quality import read_quality
from dashboard.readings.runs import read_runs
from dashboard.readings.scheduled import ScheduledRun, read_scheduled
from dashboard.readings.tables import Count, Tables, read_tables
from operations.query import load_queries
from operations.verify.accounts import Counts
from services.provision.databases import ensure_schema

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
RUN = """
INSERT INTO ops.batch_runs (mode, started_at, finished_at, seconds, error)
VALUES (%s, %s, %s::timestamptz + interval '20 s', %s, %s) RETURNING run_id
"""
COUNTS = "INSERT INTO ops.batch_run_tables VALUES (%s, %s, %s, %s, %s, %s, %s, %s, '{}')"
OFFSETS = "INSERT INTO ops.batch_run_offsets VALUES (%s, %s, 0, 0, %s, 0)"


def execute(settings: Settings, *statements: str) -> None:
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture(scope="module")
def served(postgres: Settings) -> Settings:
    """Posts of both paths, runs, rejected records, and what a scheduled run kept."""
    ensure_schema(postgres)
    execute(
        postgres,
        "INSERT INTO batch.pin (ind, title, category) SELECT n, 'title ' || n, 'art' FROM generate_series(1, 20) AS n",
        "INSERT INTO batch.geo (ind, country) SELECT n, 'land ' || n % 2 FROM generate_series(1, 20) AS n",
        "INSERT INTO speed.pin (ind, title) SELECT n, 'title ' || n FROM generate_series(15, 30) AS n",
        "INSERT INTO speed.places SELECT 'pin', n, '2026-01-02 12:00Z'::timestamptz + n * interval '1 s', n, 's'"
        " FROM generate_series(15, 30) AS n",
        "INSERT INTO quarantine.batch VALUES ('id.pin', 0, 7, '{not_json,no_ind}', 'a', '2026-01-02 12:00Z')",
        "INSERT INTO quarantine.stream VALUES ('s', 'h', 1, 'k', now(), '{tombstone}', NULL, '2026-01-02 14:30Z')",
        "INSERT INTO ops.emulator_runs VALUES (gen_random_uuid(), 'id.pin', 'batch', 25, 24, 1, 1.5)",
        "INSERT INTO ops.stream_progress VALUES ('speed-pin', gen_random_uuid(), 9, 20, 16, 3, 1, 4)",
        """INSERT INTO ops.reconciliations VALUES ('a', 'pin', 18, 0, 18, '{"title": 0.5}', '2026-01-01Z'),"""
        """ ('b', 'pin', 20, 1, 22, '{"title": 0.25}', '2026-01-02Z')""",
        """INSERT INTO ops.query_answers VALUES ('a', 4, 't', '{country}', '[["old"]]', '2026-01-01Z'),"""
        """ ('b', 4, 't', '{country}', '[["new"]]', '2026-01-02Z')""",
    )
    _account(postgres)
    return postgres


def _account(settings: Settings) -> None:
    """A rebuild, then a run that failed."""
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        for mode, error, end in (("rebuild", None, 22), ("incremental", "out of memory", 99)):
            cursor.execute(RUN, [mode, NOON, NOON, json.dumps({"plan": 1.5, "clean": 18}), error])
            [(run_id,)] = cursor.fetchall()
            cursor.execute(OFFSETS, [run_id, "id.pin", end])
            if error is None:
                cursor.execute(
                    COUNTS, [run_id, "pin", 22, 20, 1, 1, "{}", '{"follower_count_unreadable": 2}']
                )


def test_tables_are_counted_and_so_are_the_offsets_of_good_runs(served: Settings) -> None:
    tables = read_tables(served)
    assert (tables.of("batch"), tables.of("speed")) == (Count(40), Count(16))
    assert tables.counts["quarantine.batch"] == Count(1)
    assert tables.read == {("id.pin", 0): 22}
    assert (tables.sent, tables.streamed) == (24, 20)
    assert tables.last_run_seconds is not None
    assert tables.last_run_seconds > 0


def test_a_large_table_is_estimated(served: Settings) -> None:
    execute(  # 40 MB: more than the 32 MB up to which rows are counted
        served,
        "ALTER TABLE batch.users ALTER user_name SET STORAGE PLAIN",
        "INSERT INTO batch.users (ind, user_name) SELECT n, repeat('x', 1000) FROM generate_series(1, 40000) AS n",
    )

    def estimated() -> Tables | None:
        found = read_tables(served)
        return found if found.counts["batch.users"].rows else None

    try:
        # The server's own statistics are a second behind.
        found = wait_until(estimated, timeout=60, what="Postgres to know of the rows")
        assert found is not None
        assert found.counts["batch.users"] == Count(40_000, exact=False)
        assert not found.of("batch").exact
    finally:
        execute(served, "TRUNCATE batch.users")


def test_the_newest_posts_come_first_and_say_where_they_are(served: Settings) -> None:
    posts = read_newest(served)
    assert [post.ind for post in posts] == [*range(30, 22, -1)]
    assert (posts[0].title, posts[0].category, posts[0].in_batch) == ("title 30", None, False)
    assert posts[0].arrived_at == NOON.replace(second=30)


def test_an_answer_comes_with_its_sides_of_the_same_snapshot(served: Settings) -> None:
    asked = ask(load_queries()[1], served)
    assert asked.answer.rows == [("land 0", "art", 10), ("land 1", "art", 10)]
    assert asked.sides.rows[0] == ("pin", 20, 10, 6)
    assert asked.seconds > 0


def test_the_newest_kept_answer_is_that_of_the_last_scheduled_run(served: Settings) -> None:
    kept = read_kept(served)
    assert [*kept] == [4]
    assert (kept[4].answer.columns, kept[4].answer.rows) == (["country"], [("new",)])


def test_quality_has_what_was_rejected_measured_and_counted(served: Settings) -> None:
    data = read_quality(served)
    assert [(each.path, each.reason, each.records) for each in data.rejected] == [
        ("batch", "no_ind", 1),
        ("batch", "not_json", 1),
        ("speed", "tombstone", 1),
    ]
    assert (data.rejected[0].began, data.rejected[0].ended) == (NOON, NOON.replace(minute=10))
    assert data.in_quarantine == len(data.samples) == 2
    [measured] = data.measured
    assert (measured.quality.row_count, measured.quality.null_rates, measured.rows_before) == (
        20,
        {"title": 0.25},
        18,
    )
    assert [(each.path, each.table, each.kind, each.values) for each in data.warned] == [
        ("batch", "pin", "follower_count_unreadable", 2),
        ("speed", "pin", "of all kinds", 4),
    ]
    assert (data.batch["pin"], data.speed["pin"]) == (Counts(22, 20, 1, 1), Counts(20, 16, 3, 1))
    assert (data.sent, data.set_aside) == ({"id.pin": 24}, {"id.pin": 1})


def test_runs_come_newest_first_with_their_steps(served: Settings) -> None:
    failed, good = read_runs(served)
    assert (failed.mode, failed.error, failed.read) == ("incremental", "out of memory", 0)
    assert (good.mode, good.error, good.seconds, good.steps) == (
        "rebuild",
        None,
        20.0,
        {"plan": 1.5, "clean": 18},
    )
    assert (good.read, good.cleaned, good.duplicate, good.quarantined, good.before) == (22, 20, 1, 1, 0)


def test_scheduled_runs_come_newest_first(served: Settings) -> None:
    last, before = read_scheduled(served)
    assert last == ScheduledRun("b", datetime(2026, 1, 2, tzinfo=UTC), 0.0, 22, 1, 20)
    assert (before.run_id, before.answer_seconds, before.rows) == ("a", 0.0, 18)


@pytest.fixture
def empty(served: Settings) -> Iterator[Settings]:
    """The same server without the pipeline's schemas."""
    with closing(postgres_connection(served)) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER SCHEMA ops RENAME TO ops_aside")
        connection.commit()
        yield served
        cursor.execute("ALTER SCHEMA ops_aside RENAME TO ops")
        connection.commit()


@pytest.mark.parametrize("read", [read_tables, read_quality, read_runs, read_kept, read_scheduled])
def test_a_schema_that_is_not_there_yet_is_said(empty: Settings, read: object) -> None:
    assert callable(read)
    with pytest.raises(psycopg2.errors.UndefinedTable):
        read(empty)


def test_a_question_that_takes_too_long_is_ended(served: Settings) -> None:
    with asking(served, 0.1) as cursor, pytest.raises(psycopg2.errors.QueryCanceled):
        cursor.execute("SELECT pg_sleep(60)")


def test_nothing_can_be_written(served: Settings) -> None:
    with asking(served, 5) as cursor, pytest.raises(psycopg2.errors.ReadOnlySqlTransaction):
        cursor.execute("DELETE FROM batch.pin")
