"""Test what the declaration of the tables asks of a database, and what its views are made of."""

from dataclasses import replace

import pytest
from psycopg2 import sql

from contracts.tables import DECLARATIONS, Column, Declaration, Type
from services.provision.cleaned_tables import Relation, refuse_others, table_statements
from services.provision.serving_views import View, post_columns, views
from services.provision.statements import SchemaError

PIN, GEO, USER = DECLARATIONS.values()
BOARD = Column("board_name", Type.TEXT, "Board")


def there(declaration: Declaration) -> Relation:
    """The table as the database has it once it is made."""
    return Relation(
        "Posts: them",
        {column.name: column.type for column in declaration.columns},
        {column.name: column.comment for column in declaration.columns},
    )


def words(statement: sql.Composable) -> str:
    """A statement's text, its names and values unquoted: quoting takes a connection."""
    if isinstance(statement, sql.Composed):
        return "".join(map(words, statement.seq))
    if isinstance(statement, sql.Identifier):
        return ".".join(statement.strings)
    if isinstance(statement, sql.Literal):
        return f"'{statement.wrapped}'"
    assert isinstance(statement, sql.SQL)
    return statement.string


def statements(relation: Relation | None, *columns: Column) -> list[str]:
    return [*map(words, table_statements("batch.geo", relation, columns, "Posts: them"))]


def test_a_table_that_is_missing_is_made_with_its_key_and_explained() -> None:
    create, *comments = statements(None, *GEO.columns)
    assert create == (
        "CREATE TABLE batch.geo (ind integer, country text, coordinates double precision[], timestamp timestamptz, "
        "PRIMARY KEY (ind))"
    )
    assert comments[0] == f"COMMENT ON COLUMN batch.geo.ind IS '{GEO.columns[0].comment}'"
    assert comments[-1] == "COMMENT ON TABLE batch.geo IS 'Posts: them'"
    assert len(comments) == len(GEO.columns) + 1


def test_nothing_is_done_to_a_table_that_is_as_declared() -> None:
    assert statements(there(GEO), *GEO.columns) == []


def test_a_new_column_is_added_and_explained() -> None:
    assert statements(there(GEO), GEO.columns[0], BOARD, *GEO.columns[1:]) == [
        "ALTER TABLE batch.geo ADD COLUMN board_name text",
        "COMMENT ON COLUMN batch.geo.board_name IS 'Board'",
    ]


def test_a_comment_follows_the_declaration() -> None:
    reworded = replace(GEO.columns[1], comment="Land")
    assert statements(there(GEO), GEO.columns[0], reworded, *GEO.columns[2:]) == [
        "COMMENT ON COLUMN batch.geo.country IS 'Land'"
    ]


def test_a_column_that_is_not_declared_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"speed\.geo has a column country that .* does not declare"):
        refuse_others("speed.geo", there(GEO), {"ind": "integer"})


def test_a_column_of_another_type_is_refused() -> None:
    with pytest.raises(SchemaError, match=r"batch\.geo\.ind is integer, and .* declares bigint"):
        refuse_others("batch.geo", Relation(types={"ind": "integer"}), {"ind": "bigint"})


def test_a_table_that_lacks_columns_is_not_refused() -> None:
    refuse_others("batch.geo", Relation(types={"ind": "integer"}), {"ind": "integer", "country": "text"})


def order(columns: tuple[str, ...], present: tuple[str, ...]) -> str:
    view = View("serving.x", "", columns, lambda names: sql.SQL(",".join(names)))
    return words(view.definition(present))


def test_a_new_view_has_the_declared_order() -> None:
    assert order(("ind", "board", "title"), ()) == "CREATE OR REPLACE VIEW serving.x AS ind,board,title"


def test_new_columns_of_a_view_come_after_those_that_are_there() -> None:
    replaced = order(("ind", "board", "title"), ("ind", "title"))
    assert replaced == "CREATE OR REPLACE VIEW serving.x AS ind,title,board"


def test_posts_have_every_column_of_all_tables_and_the_key_once() -> None:
    assert [*post_columns([PIN, GEO, USER])] == [*PIN.names, *GEO.names[1:], *USER.names[1:]]


def test_a_name_that_two_tables_have_gets_the_later_ones_name_before_it() -> None:
    comment = replace(GEO, served="comment", columns=(GEO.columns[0], Column("title", Type.TEXT, "")))
    columns = post_columns([PIN, comment])
    assert {name: words(columns[name]) for name in ("title", "comment_title")} == {
        "title": "pin.title",
        "comment_title": "comment.title",
    }


def test_every_view_comes_after_those_that_it_reads() -> None:
    names = [view.name for view in views([PIN, GEO, USER])]
    tables = ["serving.pin", "serving.geo", "serving.users"]
    assert names == [*tables, "serving.posts", "serving.row_sources", "serving.sides"]


def test_the_views_take_no_column_by_a_star() -> None:
    for view in views([PIN, GEO, USER]):
        assert "*" not in words(view.definition(())).replace("count(*)", ""), view.name
