"""Served databases that another version of the project made: upgraded in place, every row kept, or refused."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from common.settings import Settings
from contracts.tables import DECLARATIONS, Column, Declaration, Type
from services.provision.databases import DATABASES, SQL_FOLDER, ensure_schema
from services.provision.statements import SchemaError
from tests.baseline import databases
from tests.baseline.databases import rows

BOARD = Column("board_name", Type.TEXT, "Board that the post is pinned on")

_VIEWS = ("serving.pin", "serving.geo", "serving.users", "serving.posts", "serving.sides")
# All that a schema is: columns, views, constraints, comments, privileges (a row of catalogue each).
_CATALOGUE = r"""
WITH ours AS (
    SELECT c.oid, c.oid::regclass::text AS name, c.relacl FROM pg_class AS c
    WHERE c.relkind IN ('r', 'v')
        AND c.relnamespace::regnamespace::text !~ '^(pg_|information_schema$)'
)
SELECT 'column', name, attname, format_type(atttypid, atttypmod), attnotnull::text,
    pg_get_expr(adbin, adrelid), col_description(ours.oid, attnum)
FROM ours JOIN pg_attribute ON attrelid = oid AND attnum > 0 AND NOT attisdropped
LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
UNION ALL SELECT 'view', viewname, schemaname, definition, NULL, NULL, NULL FROM pg_views
    WHERE schemaname !~ '^(pg_|information_schema$)'
UNION ALL SELECT 'constraint', name, conname, pg_get_constraintdef(c.oid), NULL, NULL, NULL
    FROM ours JOIN pg_constraint AS c ON conrelid = ours.oid
UNION ALL SELECT 'comment', name, obj_description(oid, 'pg_class'), NULL, NULL, NULL, NULL FROM ours
UNION ALL SELECT 'privilege', name, grantee::regrole::text, privilege_type, NULL, NULL, NULL
    FROM ours CROSS JOIN aclexplode(relacl)
UNION ALL SELECT 'schema', nspname, grantee::regrole::text, privilege_type, obj_description(n.oid, 'pg_namespace'),
    NULL, NULL FROM pg_namespace AS n CROSS JOIN aclexplode(nspacl) WHERE nspname !~ '^(pg_|information_schema$)'
UNION ALL SELECT 'default', defaclnamespace::regnamespace::text, grantee::regrole::text, privilege_type, NULL, NULL,
    NULL FROM pg_default_acl CROSS JOIN aclexplode(defaclacl)
"""


def contents(settings: Settings) -> dict[str, databases.Contents]:
    """Every row of every table: columns and tables that come later would show."""
    columns = {database: databases.columns_of_all(settings, database) for database in DATABASES}
    return {database: databases.contents(settings, database, columns[database]) for database in DATABASES}


def catalogue(settings: Settings) -> dict[str, set[Any]]:
    return {database: set(rows(settings, _CATALOGUE, database)) for database in DATABASES}


def columns(settings: Settings, relation: str) -> list[str]:
    statement = (
        "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
    )
    return [name for (name,) in rows(settings, f"{statement} ORDER BY attnum", values=[relation])]


def with_board(*others: Column) -> list[Declaration]:
    """The declaration with a column more, which stands among those of before."""
    pin = DECLARATIONS["pin"]
    changed = replace(pin, columns=(*pin.columns[:2], BOARD, *pin.columns[2:], *others))
    return [changed, DECLARATIONS["geo"], DECLARATIONS["user"]]


@pytest.fixture
def old(postgres: Settings) -> Iterator[Settings]:
    """A server with the databases of the baseline."""
    databases.drop_all(postgres)
    databases.build(postgres)
    yield postgres
    databases.drop_all(postgres)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of sql/, to add migrations to."""
    return shutil.copytree(SQL_FOLDER, tmp_path / "sql")


def add_migration(folder: Path, number: int, statements: str) -> None:
    place = folder / "migrations" / "pinterest" / f"{number:04}_more"
    place.with_suffix(".sql").write_text(statements)
    place.with_suffix(".py").write_text(
        '"""More."""\n\nfrom services.provision.migrations import from_sql\n\n'
        f'revision, down_revision = "{number:04}", "{number - 1:04}"\nupgrade = from_sql(__file__)\n'
    )


def test_every_row_of_the_baseline_is_kept(old: Settings) -> None:
    before = contents(old)
    views = {view: rows(old, f"SELECT * FROM {view}") for view in _VIEWS}  # noqa: S608
    assert [name for tables in before.values() for name, found in tables.items() if not found] == []
    ensure_schema(old)
    assert contents(old) == before
    assert {view: rows(old, f"SELECT * FROM {view}") for view in _VIEWS} == views  # noqa: S608


def test_an_upgraded_database_is_like_a_new_one(old: Settings) -> None:
    ensure_schema(old)
    upgraded = catalogue(old)
    databases.drop_all(old)
    ensure_schema(old)
    assert catalogue(old) == upgraded


def test_what_has_been_done_is_recorded_once_and_for_analysts_to_read(old: Settings) -> None:
    ensure_schema(old)
    ensure_schema(old)
    for database in DATABASES:
        found = rows(
            old,
            "SELECT version, description, applied_at <= now() FROM migrations.history",
            database,
            "analyst",
        )
        assert found == [("0001", "First schema.", True)], database
        assert rows(old, "SELECT version_num FROM migrations.version", database, "analyst") == [("0001",)]


def test_a_new_column_reaches_the_tables_and_views_with_all_rows_kept(old: Settings) -> None:
    rows(old, "CREATE VIEW public.mine AS SELECT title, country FROM serving.posts")
    before = {name: columns(old, name) for name in ("batch.pin", "speed.pin", "serving.pin", "serving.posts")}
    kept = {
        name: rows(old, f"SELECT {', '.join(names)} FROM {name} ORDER BY ind")  # noqa: S608
        for name, names in before.items()
    }
    mine = rows(old, "SELECT * FROM public.mine ORDER BY 1")
    ensure_schema(old, declarations=with_board())
    for name, names in before.items():
        assert columns(old, name) == [*names, "board_name"], name
        found = rows(old, f"SELECT {', '.join(names)} FROM {name} ORDER BY ind")  # noqa: S608
        assert found == kept[name], name
    assert rows(old, "SELECT * FROM public.mine ORDER BY 1") == mine
    rows(old, "UPDATE batch.pin SET board_name = 'home' WHERE ind = 1")
    rows(old, "UPDATE speed.pin SET board_name = 'away'")
    expected = [(1, "home"), (2, None), (3, "away")]
    for view in ("serving.pin", "serving.posts"):
        assert rows(old, f"SELECT ind, board_name FROM {view} ORDER BY ind") == expected, view  # noqa: S608
    explained = (
        "SELECT col_description('batch.pin'::regclass, 12), col_description('speed.pin'::regclass, 12)"
    )
    assert rows(old, explained) == [(BOARD.comment, BOARD.comment)]


def test_a_new_table_is_made_and_served(old: Settings) -> None:
    comment = Declaration(
        source="comment_data",
        source_columns=(),
        served="comment",
        comment="what was said of each",
        columns=(DECLARATIONS["pin"].columns[0], Column("title", Type.TEXT, "First words")),
    )
    ensure_schema(old, declarations=[*DECLARATIONS.values(), comment])
    rows(old, "INSERT INTO speed.comment VALUES (1, 'Nice')")
    assert rows(old, "SELECT * FROM serving.comment", role="analyst") == [(1, "Nice")]
    joined = "SELECT ind, title, comment_title FROM serving.posts ORDER BY ind"
    assert rows(old, joined) == [(1, "One", "Nice"), (2, None, None), (3, "Three", None)]
    assert ("comment", 0, 1, 0) in rows(old, "SELECT * FROM serving.row_sources")


def test_a_migration_is_applied_once(old: Settings, folder: Path) -> None:
    add_migration(folder, 2, "CREATE TABLE ops.notes AS SELECT 'kept' AS note;")
    ensure_schema(old, folder)
    ensure_schema(old, folder)
    assert rows(old, "SELECT note FROM ops.notes", role="analyst") == [("kept",)]
    assert rows(old, "SELECT version FROM migrations.history ORDER BY 1") == [("0001",), ("0002",)]


def test_a_failed_migration_changes_nothing(old: Settings, folder: Path) -> None:
    before = catalogue(old)
    add_migration(folder, 2, "CREATE TABLE ops.notes (note text);")
    add_migration(folder, 3, "-- Ünïcode\nSELECT 1;\nCREATE TABLE ops.bad (n nonsense);\n")
    with pytest.raises(SchemaError, match=r'0003_more\.sql line 3: type "nonsense" does not exist'):
        ensure_schema(old, folder)
    assert catalogue(old) == before


def test_a_database_of_a_newer_version_is_refused(old: Settings, folder: Path) -> None:
    add_migration(folder, 2, "CREATE TABLE ops.notes (note text);")
    ensure_schema(old, folder)
    before = catalogue(old)
    with pytest.raises(
        SchemaError,
        match=r"database pinterest has migration 0002, .*lacks \(its last one is 0001\): .*`git pull`",
    ):
        ensure_schema(old)
    assert catalogue(old) == before


def test_a_column_of_a_newer_version_is_refused(old: Settings) -> None:
    ensure_schema(old, declarations=with_board())
    before = catalogue(old)
    with pytest.raises(
        SchemaError, match=r"batch\.pin has a column board_name that .* does not declare.*`git pull`"
    ):
        ensure_schema(old)
    assert catalogue(old) == before


def test_a_migration_removes_a_column(old: Settings, folder: Path) -> None:
    ensure_schema(old, folder, with_board())
    add_migration(
        folder,
        2,
        "DROP VIEW serving.posts, serving.pin;\n"
        "ALTER TABLE batch.pin DROP COLUMN board_name;\nALTER TABLE speed.pin DROP COLUMN board_name;\n",
    )
    ensure_schema(old, folder)
    assert "board_name" not in columns(old, "serving.posts")
    assert rows(old, "SELECT count(*) FROM serving.posts", role="analyst") == [(3,)]


def test_another_type_takes_a_migration(old: Settings) -> None:
    declared = [*DECLARATIONS.values()]
    narrow = [
        replace(column, type=Type.INTEGER) if column.name == "follower_count" else column
        for column in declared[0].columns
    ]
    with pytest.raises(SchemaError, match=r"batch\.pin\.follower_count is bigint, .* declares integer"):
        ensure_schema(old, declarations=[replace(declared[0], columns=tuple(narrow)), *declared[1:]])


def test_analysts_views_stop_a_migration_that_would_drop_them(old: Settings, folder: Path) -> None:
    ensure_schema(old, folder)
    rows(old, "CREATE VIEW public.mine AS SELECT title FROM serving.pin")
    add_migration(folder, 2, "DROP VIEW serving.posts, serving.pin;\n")
    with pytest.raises(
        SchemaError, match=r"0002_more\.sql: cannot drop .*; view mine depends on view serving\.pin"
    ):
        ensure_schema(old, folder)
    assert rows(old, "SELECT count(*) FROM public.mine") == [(3,)]
