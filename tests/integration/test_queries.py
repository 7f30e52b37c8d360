"""The nine queries against plain Python, over rows that hold every edge case, in a real Postgres."""

import random
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from psycopg2.extras import execute_values

from common.clients import postgres_connection
from common.settings import Settings
from operations.query import SIDES, load_queries
from services.provision.databases import ensure_schema
from tests.cleaned_rows import Geo, Pin, Rows, User, generate
from tests.nine_answers import COLUMNS, nine_answers

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

QUERIES = load_queries()
ZONES = ("UTC", "Pacific/Kiritimati", "America/Los_Angeles")  # +14 h, -8 h: another year near midnight


Row = TypeVar("Row", bound=Pin | Geo | User)


def merged(batch: Rows, speed: Rows) -> Rows:
    """Per ind the batch row, else the speed row."""
    return Rows(
        shadowed(batch.pins, speed.pins),
        shadowed(batch.geos, speed.geos),
        shadowed(batch.users, speed.users),
    )


def shadowed(batch: Sequence[Row], speed: Sequence[Row]) -> list[Row]:
    return list({row.ind: row for row in (*speed, *batch)}.values())


def inds(rows: Rows) -> list[set[int]]:
    """The ind of each row, by table."""
    return [{pin.ind for pin in rows.pins}, {geo.ind for geo in rows.geos}, {user.ind for user in rows.users}]


def part(rows: Rows, which: slice) -> Rows:
    """A part of each table."""
    return Rows(rows.pins[which], rows.geos[which], rows.users[which])


@pytest.fixture(scope="module")
def served(postgres: Settings) -> Settings:
    ensure_schema(postgres)
    return postgres


@pytest.fixture
def connection(served: Settings) -> Iterator["PostgresConnection"]:
    """A transaction that sees empty tables, and leaves everything as it was."""
    with closing(postgres_connection(served)) as connection:
        with connection.cursor() as cursor:
            for schema in ("batch", "speed"):
                cursor.execute(f"TRUNCATE {schema}.pin, {schema}.geo, {schema}.users")
        yield connection
        connection.rollback()


def load(connection: "PostgresConnection", schema: str, rows: Rows) -> None:
    with connection.cursor() as cursor:
        for table, values in zip(("pin", "geo", "users"), rows, strict=True):
            if values:
                execute_values(cursor, f"INSERT INTO {schema}.{table} VALUES %s", values)  # noqa: S608 - our own names


Asked = tuple[list[str], list[tuple[Any, ...]]]


def ask(connection: "PostgresConnection", number: int) -> Asked:
    """The columns and rows of a query, as the role analyst."""
    return ask_sql(connection, QUERIES[number].sql)


def ask_sql(connection: "PostgresConnection", sql: str) -> Asked:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE analyst")
        cursor.execute(sql)
        assert cursor.description is not None
        answer = [column.name for column in cursor.description], cursor.fetchall()
        cursor.execute("RESET ROLE")
        return answer


def check_sides(connection: "PostgresConnection", batch: Rows, speed: Rows) -> None:
    """`serving.row_sources` has the sizes of what each side serves, and of what batch covers."""
    expected = []
    for name, known, recent in zip(("pin", "geo", "users"), inds(batch), inds(speed), strict=True):
        expected.append((name, len(known), len(recent - known), len(recent & known)))
    assert ask_sql(connection, SIDES)[1] == expected


def check_all(connection: "PostgresConnection", rows: Rows) -> None:
    expected = nine_answers(*rows)
    for zone in ZONES:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL timezone = %s", [zone])
        answers = {number: ask(connection, number) for number in QUERIES}
        assert answers == {number: (COLUMNS[number], expected[number]) for number in COLUMNS}, zone


@pytest.mark.parametrize("seed", range(8))
def test_all_nine_agree_with_plain_python(connection: "PostgresConnection", seed: int) -> None:
    random_ = random.Random(seed)  # noqa: S311 - test data
    inds = random_.sample(range(-1000, 1000), k=random_.choice([20, 200, 1500]))
    batch = generate(random_, inds[: len(inds) * 2 // 3])
    speed = generate(random_, inds[len(inds) // 3 :])
    load(connection, "batch", batch)
    load(connection, "speed", speed)
    check_all(connection, merged(batch, speed))
    check_sides(connection, batch, speed)


@pytest.mark.parametrize("seed", range(3))
def test_what_batch_comes_to_cover_changes_no_answer(connection: "PostgresConnection", seed: int) -> None:
    random_ = random.Random(f"covered {seed}")  # noqa: S311 - test data
    batch, speed = generate(random_, range(400)), generate(random_, range(400, 600))
    load(connection, "batch", batch)
    load(connection, "speed", speed)
    before = [ask(connection, number) for number in QUERIES]
    load(connection, "batch", part(speed, slice(50)))
    assert [ask(connection, number) for number in QUERIES] == before
    load(connection, "batch", part(speed, slice(50, None)))
    assert [ask(connection, number) for number in QUERIES] == before
    check_all(connection, merged(batch, speed))
    assert ask_sql(connection, SIDES) == (
        ["table_name", "from_batch", "from_speed", "covered"],
        [
            (name, len(old) + len(new), 0, len(new))
            for name, old, new in zip(("pin", "geo", "users"), batch, speed, strict=True)
        ],
    )


def test_empty_tables_have_empty_answers(connection: "PostgresConnection") -> None:
    check_all(connection, Rows([], [], []))
    assert [ask(connection, number)[1] for number in QUERIES] == [[]] * 9
    check_sides(connection, Rows([], [], []), Rows([], [], []))


@pytest.mark.parametrize("schema", ["batch", "speed"])
def test_either_path_alone_is_served(connection: "PostgresConnection", schema: str) -> None:
    rows = generate(random.Random(schema), range(300))  # noqa: S311 - test data
    load(connection, schema, rows)
    check_all(connection, rows)


def test_a_batch_row_shadows_the_whole_speed_row(connection: "PostgresConnection") -> None:
    load(connection, "batch", Rows([Pin(1, category="art")], [Geo(1)], [User(1, age=30)]))
    full = Rows(
        [Pin(1, follower_count=9, poster_name="Ann", category="travel")],
        [Geo(1, "Albania", timestamp=datetime(2020, 5, 5, tzinfo=UTC))],
        [User(1, "Ann", 20, datetime(2016, 5, 5, tzinfo=UTC))],
    )
    load(connection, "speed", full)
    answers = {number: ask(connection, number)[1] for number in QUERIES}
    assert answers == {
        1: [],
        2: [],
        3: [],
        4: [],
        5: [("25-35", "art", 1)],
        6: [("25-35", None)],
        7: [],
        8: [],
        9: [],
    }


def test_ties_are_all_kept(connection: "PostgresConnection") -> None:
    time = datetime(2019, 1, 1, tzinfo=UTC)
    posts = [("art", "Ann", 7), ("travel", "Bob", 7), ("travel", "Bob", 7), ("art", "Cid", 6)]
    pins = [
        Pin(i, category=c, poster_name=p, follower_count=f) for i, (c, p, f) in enumerate([*posts, *posts])
    ]
    geos = [Geo(pin.ind, "Chad" if pin.ind < 4 else "Cuba", timestamp=time) for pin in pins]
    load(connection, "batch", Rows(pins, geos, [User(pin.ind, "U", 51, time) for pin in pins]))
    assert [ask(connection, number)[1] for number in range(1, 6)] == [
        [("Chad", "art", 2), ("Chad", "travel", 2), ("Cuba", "art", 2), ("Cuba", "travel", 2)],
        [(2019, "art", 4), (2019, "travel", 4)],
        [("Chad", "Ann", 7), ("Chad", "Bob", 7), ("Cuba", "Ann", 7), ("Cuba", "Bob", 7)],
        [("Chad", 7), ("Cuba", 7)],
        [("+50", "art", 4), ("+50", "travel", 4)],
    ]


def test_medians_are_per_post_and_interpolated(connection: "PostgresConnection") -> None:
    time = datetime(2015, 12, 31, 23, 59, 59, tzinfo=UTC)
    followers = [10, 10, 10, 15, 1000, 2000, None]  # one user, six posts that count: between 10 and 15
    pins = [Pin(i, follower_count=count) for i, count in enumerate(followers)]
    load(connection, "batch", Rows(pins, [], [User(pin.ind, "Ann", 24, time) for pin in pins]))
    assert [ask(connection, number)[1] for number in (6, 7, 8, 9)] == [
        [("18-24", 12.5)],
        [(2015, 1)],
        [(2015, 12.5)],
        [(2015, "18-24", 12.5)],
    ]


def test_a_year_of_nameless_users_alone_is_no_row(connection: "PostgresConnection") -> None:
    users = [
        User(1, None, 20, datetime(2016, 5, 5, tzinfo=UTC)),
        User(2, "Ann", 20, datetime(2017, 5, 5, tzinfo=UTC)),
    ]
    load(connection, "batch", Rows([], [], users))
    assert ask(connection, 7)[1] == [(2017, 1)]


def test_age_groups_from_the_youngest_to_the_oldest(connection: "PostgresConnection") -> None:
    ages = [18, 24, 25, 35, 36, 50, 51, 17, None]
    joined = datetime(2020, 12, 31, 23, tzinfo=timezone(timedelta(hours=-1)))  # 2021 in UTC
    pins = [Pin(age or 0, follower_count=age, category=f"age {age}") for age in ages]
    load(connection, "speed", Rows(pins, [], [User(age or 0, "Ann", age, joined) for age in ages]))
    groups: dict[str, list[str]] = {group: [] for group in ("18-24", "25-35", "36-50", "+50")}
    for group, category, _ in ask(connection, 5)[1]:
        groups[group].append(category)
    assert list(groups.items()) == [
        ("18-24", ["age 18", "age 24"]),
        ("25-35", ["age 25", "age 35"]),
        ("36-50", ["age 36", "age 50"]),
        ("+50", ["age 51"]),
    ]
    assert ask(connection, 6)[1] == [("18-24", 21.0), ("25-35", 30.0), ("36-50", 43.0), ("+50", 51.0)]
    assert ask(connection, 7)[1] == ask(connection, 8)[1] == ask(connection, 9)[1] == []


def test_the_joined_view_has_a_row_per_post(connection: "PostgresConnection") -> None:
    rows = generate(random.Random(3), range(200))  # noqa: S311 - test data
    load(connection, "batch", rows)
    geos, users = ({row.ind: row for row in table} for table in rows[1:])
    expected = [
        (*pin, *geos.get(pin.ind, Geo(pin.ind))[1:], *users.get(pin.ind, User(pin.ind))[1:])
        for pin in rows.pins
    ]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL timezone = 'UTC'")
        cursor.execute("SELECT * FROM serving.posts ORDER BY ind")
        assert cursor.fetchall() == expected
