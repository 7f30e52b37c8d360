"""The source database, on a real MySQL: what is loaded, when it is loaded again, and what a failure leaves."""

import signal
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from threading import Event
from typing import Any

import msgspec
import mysql.connector
import pytest

from common.clients import mysql_connection
from common.settings import Settings
from contracts.rows import ROW_TYPES, TABLE_NAMES, Row, columns
from contracts.tables import TABLES, Table
from dashboard.readings.source import read_posts
from emulator.patience import Patience
from emulator.source import PAGE, Source
from services.source.fill import LOADING, ensure_source, root_connection
from services.source.generator import generate
from services.source.source_dir import SourceError
from stack.local.isolated import ServiceProcess
from tests.integration.rights import account_rights, listed_accounts
from tests.source_rows import source_row

HOSTILE = "tab\t newline\n return\r nul\0 back\\slash \\N 'single' \"double\" 🎄👩\N{ZERO WIDTH JOINER}🎨 かな жук %s"

TIMEOUT_SECONDS = Patience(60, Event(), print)


def stored(settings: Settings, table: Table) -> list[Any]:
    with closing(mysql_connection(settings)) as connection, connection.cursor() as cursor:
        names = ", ".join(f"`{name}`" for name in columns(table))
        cursor.execute(f"SELECT {names} FROM {TABLE_NAMES[table]} ORDER BY 1")  # noqa: S608 - constants
        return [ROW_TYPES[table](*values) for values in cursor.fetchall()]


def generated(table: Table, rows: int, seed: int = 42) -> list[Row]:
    return [row for block in generate(table, rows, seed) for row in block]


def wanting(settings: Settings, **values: object) -> Settings:
    return settings.replace(**values)


@pytest.fixture(scope="module")
def loaded(mysql: Settings) -> Settings:
    settings = wanting(mysql, SOURCE_ROWS=2_500, SOURCE_SEED=42)
    ensure_source(settings)
    return settings


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for table in TABLES:
        write(tmp_path, table, generated(table, 3))
    return tmp_path


def write(folder: Path, table: Table, rows: list[Row]) -> Path:
    path = folder / f"{TABLE_NAMES[table]}.jsonl"
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))
    return path


@pytest.mark.parametrize("table", TABLES)
def test_every_generated_row_is_stored_as_it_is(loaded: Settings, table: Table) -> None:
    ensure_source(loaded)
    assert stored(loaded, table) == generated(table, 2_500)


def test_the_dashboard_counts_its_posts(loaded: Settings) -> None:
    assert read_posts(loaded) == 2_500


@pytest.mark.parametrize("table", TABLES)
def test_the_first_column_is_the_key(loaded: Settings, table: Table) -> None:
    with closing(mysql_connection(loaded)) as connection, connection.cursor() as cursor:
        cursor.execute(f"SHOW KEYS FROM {TABLE_NAMES[table]}")
        assert [(key[2], key[4]) for key in cursor.fetchall()] == [("PRIMARY", columns(table)[0])]


def test_it_is_loaded_again_only_when_what_is_asked_for_changes(mysql: Settings, folder: Path) -> None:
    first, more = wanting(mysql, SOURCE_ROWS=50), wanting(mysql, SOURCE_ROWS=60)
    other_seed, own = wanting(more, SOURCE_SEED=7), wanting(mysql, SOURCE_DIR=folder)
    ensure_source(wanting(mysql, SOURCE_ROWS=49))
    calls = [first, first, more, other_seed, other_seed, own, own, first]
    assert [ensure_source(settings) for settings in calls] == [
        True,
        False,
        True,
        True,
        False,
        True,
        False,
        True,
    ]
    write(folder, "geo", generated("geo", 4))
    assert [ensure_source(own), ensure_source(own)] == [True, False]
    assert [len(stored(own, table)) for table in TABLES] == [3, 4, 3]


def test_a_new_column_is_filled_and_no_row_is_lost(mysql: Settings) -> None:
    settings = wanting(mysql, SOURCE_ROWS=50)
    ensure_source(settings)
    with root_connection(settings) as connection, connection.cursor() as cursor:
        for statement in (
            "USE pinterest_data",
            "ALTER TABLE pinterest_data DROP COLUMN category",  # as before there was such a column
            "UPDATE pinterest_data SET title = 'edited' WHERE `index` = 3",
            "INSERT INTO pinterest_data (`index`, title) VALUES (1000, 'a row of one''s own')",
            "DROP TABLE user_data",  # as before there was such a table
        ):
            cursor.execute(statement)
    assert [ensure_source(settings), ensure_source(settings)] == [True, False]
    expected = generated("pin", 50)
    expected[3] = msgspec.structs.replace(expected[3], title="edited")
    assert stored(settings, "pin") == [*expected, source_row("pin", 1000, title="a row of one's own")]
    assert stored(settings, "geo") == generated("geo", 50)
    assert stored(settings, "user") == generated("user", 50)


def test_text_of_any_kind_survives(mysql: Settings, folder: Path) -> None:
    pin = msgspec.structs.replace(generated("pin", 1)[0], title=HOSTILE, description="", tag_list=None)
    write(folder, "pin", [pin])
    ensure_source(wanting(mysql, SOURCE_DIR=folder))
    assert stored(mysql, "pin") == [pin]


def test_numbers_and_times_survive(mysql: Settings, folder: Path) -> None:
    lines = [
        '{"ind":-2147483648,"timestamp":"2020-08-28T03:52:47.123456","latitude":-1e-300,"longitude":0.1,"country":""}',
        '{"ind":0,"timestamp":"0001-01-01T00:00:00","latitude":0.5,"longitude":0.5,"country":"first"}',
        '{"ind":1,"timestamp":"9999-12-31T23:59:59.999999","latitude":0.5,"longitude":0.5,"country":"last"}',
        '{"ind":2147483647,"timestamp":null,"latitude":null,"longitude":12345678.123456789,"country":null}',
    ]
    (folder / "geolocation_data.jsonl").write_text("\n".join(lines))
    ensure_source(wanting(mysql, SOURCE_DIR=folder))
    assert stored(mysql, "geo") == [msgspec.json.decode(line, type=ROW_TYPES["geo"]) for line in lines]


def test_a_random_order_covers_keys_with_gaps(mysql: Settings, folder: Path) -> None:
    rows = [
        msgspec.structs.replace(row, ind=ind)
        for row, ind in zip(generated("geo", 4), (-5, 3, 4, 90), strict=True)
    ]
    write(folder, "geo", rows)
    settings = wanting(mysql, SOURCE_DIR=folder)
    ensure_source(settings)
    source = Source(settings, TIMEOUT_SECONDS)
    assert list(source.keys("geo", None)) == [-5, 3, 4, 90]
    assert list(source.keys("geo", 3)) == [4, 90]
    assert list(source.keys("geo", 90)) == []
    assert source.keys("user", None) == range(3)
    drawn = list(islice(source.at_random("geo", source.keys("geo", None), 1), 200))
    assert all(row in rows for row in drawn)
    assert {msgspec.to_builtins(row)["ind"] for row in drawn} == {-5, 3, 4, 90}


def test_a_lost_connection_is_made_again(loaded: Settings) -> None:
    ensure_source(loaded)
    rows = Source(loaded, TIMEOUT_SECONDS).in_order("pin", None)
    first = list(islice(rows, PAGE))
    with closing(as_root(loaded)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT id FROM information_schema.processlist WHERE user = 'pinterest'")
        for (process,) in cursor.fetchall():
            cursor.execute("KILL %s", (process,))
    assert first + list(rows) == generated("pin", 2_500)


def repeat_a_key(folder: Path) -> str:
    write(folder, "user", generated("user", 3) + generated("user", 1))
    return "line 4: key 0 again; line 1 has it already"


def break_a_line(folder: Path) -> str:
    with (folder / "user_data.jsonl").open("a") as file:
        file.write("{}\n")
    return "line 4: Object missing required field `ind`"


def write_too_much(folder: Path) -> str:
    pin = msgspec.structs.replace(generated("pin", 1)[0], title="x" * 65_536)
    write(folder, "pin", [pin])
    return "pinterest_data, rows from 1 on: Data truncated for column 'title' at row 1"


def remove_a_file(folder: Path) -> str:
    (folder / "user_data.jsonl").unlink()
    return "there is no"


@pytest.mark.parametrize("damage", [repeat_a_key, break_a_line, write_too_much, remove_a_file])
def test_a_bad_folder_is_refused_and_the_rows_of_before_stay(
    mysql: Settings, folder: Path, damage: Callable[[Path], str]
) -> None:
    before = wanting(mysql, SOURCE_ROWS=30)
    ensure_source(before)
    complaint = damage(folder)
    with pytest.raises(SourceError) as failure:
        ensure_source(wanting(mysql, SOURCE_DIR=folder))
    assert complaint in str(failure.value)
    assert [stored(mysql, table) for table in TABLES] == [generated(table, 30) for table in TABLES]
    assert ensure_source(before) is False


def tables_of(settings: Settings, database: str) -> int:
    with closing(as_root(settings)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s", (database,))
        return int(cursor.fetchone()[0])


def as_root(settings: Settings) -> Any:  # noqa: ANN401 - untyped library
    password = settings.mysql.root_password.get_secret_value()
    return mysql.connector.connect(
        host=settings.mysql.host, port=settings.mysql.port, user="root", password=password
    )


def test_a_killed_load_is_noticed_and_done_again(mysql: Settings, tmp_path: Path) -> None:
    ensure_source(wanting(mysql, SOURCE_ROWS=30))
    many = wanting(mysql, SOURCE_ROWS=300_000)
    with ServiceProcess(many, "services.source.fill", log=tmp_path / "load.log") as load:
        load.wait_healthy(lambda: tables_of(many, LOADING) == 4)
        load.kill()
    assert load.process is not None
    assert load.process.returncode == -signal.SIGKILL
    assert [len(stored(mysql, table)) for table in TABLES] == [30, 30, 30]
    again = wanting(mysql, SOURCE_ROWS=1_500)
    assert ensure_source(again) is True
    assert [stored(mysql, table) for table in TABLES] == [generated(table, 1_500) for table in TABLES]
    assert tables_of(mysql, LOADING) == 0


def test_a_lost_table_is_loaded_again(mysql: Settings) -> None:
    asked = wanting(mysql, SOURCE_ROWS=20)
    ensure_source(asked)
    with closing(as_root(mysql)) as connection, connection.cursor() as cursor:
        cursor.execute("DROP DATABASE pinterest_data")
    assert ensure_source(asked) is True
    assert len(stored(mysql, "pin")) == 20


def test_two_loads_at_once_do_no_harm(mysql: Settings) -> None:
    ensure_source(wanting(mysql, SOURCE_ROWS=10))
    asked = wanting(mysql, SOURCE_ROWS=5_000)
    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(ensure_source, [asked, asked])) == [False, True]
    assert len(stored(mysql, "user")) == 5_000


@pytest.fixture
def reader(loaded: Settings) -> Iterator[Any]:
    with closing(mysql_connection(loaded)) as connection, connection.cursor() as cursor:
        yield cursor


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM user_data",
        "UPDATE user_data SET age = 1",
        "DROP TABLE user_data",
        "CREATE TABLE mine (a INT)",
        "CREATE TEMPORARY TABLE mine (a INT)",
        "LOCK TABLES user_data READ",
        "SELECT * FROM user_data FOR UPDATE",
        "SELECT * FROM mysql.user",
        "SELECT LOAD_FILE('/etc/hostname') FROM user_data INTO OUTFILE '/tmp/mine'",
    ],
)
def test_the_reader_reads_only_the_source(reader: Any, statement: str) -> None:  # noqa: ANN401
    with pytest.raises(mysql.connector.ProgrammingError, match="denied"):
        reader.execute(statement)


def test_accounts_may_do_what_is_documented_and_no_more(loaded: Settings) -> None:
    with closing(as_root(loaded)) as connection, connection.cursor() as cursor:
        assert account_rights(cursor) == listed_accounts()


def test_a_changed_password_is_put_right(loaded: Settings) -> None:
    with closing(as_root(loaded)) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER USER 'pinterest'@'%' IDENTIFIED BY 'another'")
    with pytest.raises(mysql.connector.ProgrammingError, match="denied"):
        mysql_connection(loaded)
    ensure_source(loaded)
    assert stored(loaded, "pin")
