"""Make batch.*, speed.* and the views of serving.* what contracts/tables.py declares.

What is there is compared with the declaration, and what is missing is added: tables, columns, comments. So a new column
reaches an existing database at the next start, without a migration. Nothing is ever dropped: a column that is not
declared, or has another type, is refused. Columns are only added at the end, of views too, so that CREATE OR REPLACE
takes the place of a view and what analysts have built on it stays.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from psycopg2 import sql

from contracts.tables import KEY, Column, Declaration
from services.provision import serving_views
from services.provision.statements import SchemaError, execute

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PostgresConnection  # noqa: N812

# What a table's comment begins with.
PATHS = {"batch": "Posts", "speed": "Posts as streamed"}

_RELATIONS = """
SELECT
    c.relnamespace::regnamespace || '.' || c.relname, obj_description(c.oid, 'pg_class'),
    a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)
FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid
WHERE
    c.relnamespace::regnamespace::text IN ('batch', 'speed', 'serving') AND c.relkind IN ('r', 'v')
    AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY c.oid, a.attnum
"""


@dataclass
class Relation:
    """A table or view of the database, with the type and comment of each column, in order."""

    comment: str | None = None
    types: dict[str, str] = field(default_factory=dict)
    comments: dict[str, str | None] = field(default_factory=dict)


def ensure_cleaned_tables(connection: "PostgresConnection", declarations: Iterable[Declaration]) -> None:
    """Add what the declared tables lack, and replace the views on them.

    Raises:
        SchemaError: a table has a column that is not declared, or of another type; or a statement failed.
    """
    declared, found = tuple(declarations), _relations(connection)
    for path, says in PATHS.items():
        for declaration in declared:
            name = f"{path}.{declaration.served}"
            comment = f"{says}: {declaration.comment}"
            relation = found.get(name)
            refuse_others(name, relation or Relation(), _spelled(connection, declaration))
            for statement in table_statements(name, relation, declaration.columns, comment):
                execute(connection, statement, name)
    for view in serving_views.views(declared):
        columns = found.get(view.name, Relation()).types
        execute(connection, view.definition(columns), view.name)
        for statement in view.comment_statements():
            execute(connection, statement, view.name)


def refuse_others(name: str, relation: Relation, spelled: Mapping[str, str]) -> None:
    """Refuse a table with columns that are not declared, or not so.

    Args:
        spelled: the declared types as the server spells them, by column.

    Raises:
        SchemaError: there is such a column.
    """
    for column, kind in relation.types.items():
        if column not in spelled:
            raise SchemaError(
                f"{name} has a column {column} that contracts/tables.py does not declare. If a newer version of this "
                "project made it, go on with that version (`git pull`, then `make up`). To remove the column and its "
                "values, write a migration: docs/how-to/change-the-database.md."
            )
        if kind != spelled[column]:
            raise SchemaError(
                f"{name}.{column} is {kind}, and contracts/tables.py declares {spelled[column]}. Another type takes "
                "a migration: docs/how-to/change-the-database.md."
            )


def table_statements(
    name: str, relation: Relation | None, columns: Iterable[Column], comment: str
) -> Iterator[sql.Composed]:
    """Yield what makes the table, or adds what it lacks; nothing where all is there."""
    table = sql.Identifier(*name.split("."))
    if relation is None:
        parts = sql.SQL(", ").join([*map(_definition, columns)])
        yield sql.SQL("CREATE TABLE {} ({}, PRIMARY KEY ({}))").format(table, parts, sql.Identifier(KEY))
        relation = Relation(types={column.name: column.type for column in columns})
    for column in columns:
        if column.name not in relation.types:
            yield sql.SQL("ALTER TABLE {} ADD COLUMN {}").format(table, _definition(column))
        if relation.comments.get(column.name) != column.comment:
            yield sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(
                table, sql.Identifier(column.name), sql.Literal(column.comment)
            )
    if relation.comment != comment:
        yield sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(comment))


def _definition(column: Column) -> sql.Composed:
    return sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(column.type))


def _relations(connection: "PostgresConnection") -> dict[str, Relation]:
    relations: dict[str, Relation] = {}
    with connection.cursor() as cursor:
        cursor.execute(_RELATIONS)
        for name, comment, column, kind, remark in cursor:
            relation = relations.setdefault(name, Relation(comment))
            relation.types[column] = kind
            relation.comments[column] = remark
    return relations


def _spelled(connection: "PostgresConnection", declaration: Declaration) -> dict[str, str]:
    """Return each column's declared type as the server spells it: timestamptz is timestamp with time zone."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT %s::regtype[]::text[]", ([column.type.value for column in declaration.columns],)
        )
        (types,) = cursor.fetchone() or ((),)
    return dict(zip(declaration.names, types, strict=True))
