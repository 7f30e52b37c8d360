"""`make query`, `make quarantine` and `make psql`, as programs, against a real Postgres."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing

import pytest

from common.clients import postgres_connection
from common.settings import ROOT, Settings
from operations.query import SIDES, ask
from services.provision.databases import ensure_schema
from stack.local.isolated import free_port

TABLES = [
    *(f"{schema}.{table}" for schema in ("batch", "speed") for table in ("pin", "geo", "users")),
    *("quarantine.batch", "quarantine.stream"),
]


def execute(settings: Settings, *statements: str) -> None:
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


@pytest.fixture
def served(postgres: Settings) -> Iterator[Settings]:
    """The schema, its tables empty before and after."""
    ensure_schema(postgres)
    execute(postgres, f"TRUNCATE {', '.join(TABLES)}")
    yield postgres
    execute(postgres, f"TRUNCATE {', '.join(TABLES)}")


def run(
    settings: Settings, module: str, *arguments: str, said: str = "", **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", module, *arguments],
        cwd=ROOT,
        input=said,
        env={**settings.environment(), "COLUMNS": "120", **environment},
        capture_output=True,
        text=True,
        timeout=60,  # it takes a second
        check=False,
    )


def query(settings: Settings, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(settings, "operations.query", *arguments, **environment)


def test_all_nine_are_printed(served: Settings) -> None:
    execute(
        served,
        "INSERT INTO batch.pin (ind, poster_name, follower_count, category)"
        " SELECT n, 'poster ' || n, n, 'art' FROM generate_series(1, 20) AS n",
        "INSERT INTO batch.geo SELECT n, 'land ' || n, NULL, '2020-02-02Z' FROM generate_series(1, 20) AS n",
        "INSERT INTO speed.users VALUES (20, 'Ann Lee', 51, '2016-02-02Z'), (21, 'Bo', 20, '2017-02-02Z')",
    )
    done = query(served)
    assert (done.returncode, done.stderr) == (0, "")
    assert [f"\n{number}. " in f"\n{done.stdout}" for number in range(1, 10)] == [True] * 9
    assert done.stdout.count("... and 5 more rows: `make query ARGS=--all`") == 2  # 1 and 3: twenty countries
    assert "│ land 20 │             20 │" in done.stdout  # 4
    assert "│ +50       │                    20 │" in done.stdout  # 6
    assert "│      2016 │ +50       │                    20 │" in done.stdout  # 9
    assert "│ pin        │         20 │          0 │       0 │" in done.stdout
    assert "│ users      │          0 │          2 │       0 │" in done.stdout
    assert "No rows yet?" not in done.stdout


def test_some_are_printed_whole(served: Settings) -> None:
    execute(
        served,
        "INSERT INTO batch.pin (ind, category) SELECT n, 'art' FROM generate_series(1, 20) AS n",
        "INSERT INTO batch.geo (ind, country) SELECT n, 'land ' || n FROM generate_series(1, 20) AS n",
    )
    done = query(served, "1", "4", "--all")
    assert "20 rows" in done.stdout
    assert "land 9" in done.stdout
    assert "4. country of most followed user" in done.stdout
    assert "2. top" not in done.stdout


def test_empty_tables_give_a_hint(served: Settings) -> None:
    done = query(served)
    assert done.returncode == 0
    assert done.stdout.count("0 rows") == 9
    assert "No rows yet? `make emulate` sends the posts." in done.stdout


def test_all_answers_are_of_one_snapshot(served: Settings) -> None:
    execute(served, "INSERT INTO speed.pin (ind) VALUES (1)")

    def statements() -> Iterator[str]:
        yield SIDES
        execute(served, "INSERT INTO batch.pin (ind) VALUES (1), (2)")
        yield SIDES

    first, second = ask(served, statements())
    assert first == second
    assert first.rows[0] == ("pin", 0, 1, 0)
    assert ask(served, [SIDES])[0].rows[0] == ("pin", 2, 0, 1)


def test_the_paths_are_counted_in_the_order_of_the_tables(served: Settings) -> None:
    # By itself Postgres gives a view's parts in any order where it takes them side by side.
    [plan] = ask(served, [f"EXPLAIN (COSTS OFF) {SIDES}"])
    assert plan.rows[0] == ("Sort",)
    assert [name for name, *_ in ask(served, [SIDES])[0].rows] == ["pin", "geo", "users"]


@pytest.mark.parametrize("number", ["0", "10", "-1"])
def test_an_unknown_number_is_refused(served: Settings, number: str) -> None:
    done = query(served, "--", number)
    assert done.returncode == 2
    assert f"there is no query {number}; there are 1 to 9" in done.stderr


def test_a_server_that_is_down(served: Settings) -> None:
    done = query(served, POSTGRES_PORT=str(free_port()))
    assert done.returncode == 1
    assert "Connection refused" in done.stderr
    assert "`make up` starts it" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_wrong_password(served: Settings) -> None:
    done = query(served, ANALYST_PASSWORD="not this")
    assert done.returncode == 1
    assert 'password authentication failed for user "analyst"' in done.stderr


def test_the_quarantine_is_shown_newest_first_and_commands_no_terminal(served: Settings) -> None:
    execute(
        served,
        """INSERT INTO quarantine.batch VALUES
        ('id.pin', 0, 9, '{not_json}', E'older \x1b[2J', '2026-01-01Z'),
        ('id.pin', 0, 10, '{no_ind,other_table}', ':100: [red]{}[/]', '2026-01-01Z')""",
        """INSERT INTO quarantine.stream VALUES
        ('streaming-id-geo', 'shardId-000000000000', 49590338271490256608559692538361571095921575989136588898, '7',
        '2026-01-02Z', '{latitude_out_of_range}', E'two\nlines \u009b', '2026-01-02 03:04:05Z')""",
    )
    done = run(served, "operations.quarantine", COLUMNS="80")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.rstrip() for line in done.stdout.splitlines()][:10] == [
        "2026-01-02 03:04:05 UTC  latitude_out_of_range",
        "  streaming-id-geo shardId-000000000000 number",
        "  49590338271490256608559692538361571095921575989136588898",
        r"  two\nlines \x9b",
        "2026-01-01 00:00:00 UTC  no_ind, other_table",
        "  id.pin[0] offset 10",
        "  :100: [red]{}[/]",
        "2026-01-01 00:00:00 UTC  not_json",
        "  id.pin[0] offset 9",
        r"  older \x1b[2J",
    ]


def test_psql_is_analyst_on_the_served_database(served: Settings) -> None:
    done = run(served, "operations.psql", "-At", "-c", "SELECT current_user, current_database()")
    assert (done.returncode, done.stdout, done.stderr) == (0, "analyst|pinterest\n", "")


def test_psql_shows_times_in_utc(served: Settings) -> None:
    done = run(served, "operations.psql", "-At", "-c", "SHOW timezone", PGTZ="Asia/Tokyo")
    assert done.stdout == "UTC\n"


def test_psql_cannot_write(served: Settings) -> None:
    done = run(served, "operations.psql", "-c", "DELETE FROM batch.pin")
    assert done.returncode == 1
    assert "read-only transaction" in done.stderr


def test_psql_ends_at_the_first_error_of_what_it_is_given(served: Settings) -> None:
    done = run(served, "operations.psql", "-At", said="SELEC 1;\nSELECT 2;\n")
    assert (done.returncode, done.stdout) == (3, "")
