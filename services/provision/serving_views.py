"""The views of the schema serving, written from the declaration of the tables, with every column named."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from psycopg2 import sql

from contracts.tables import KEY, Declaration

Expressions = dict[str, sql.Composable]
"""The expression of each column of a view, in the order in which a new view has them."""


@dataclass(frozen=True)
class View:
    """A view of serving.

    Attributes:
        body: returns the query, given the names of the columns in order.
        columns: their names in the order of a view that is new.
    """

    name: str
    comment: str
    columns: tuple[str, ...]
    body: Callable[[Sequence[str]], sql.Composable]
    column_comments: dict[str, str] = field(default_factory=dict)

    def definition(self, present: Iterable[str]) -> sql.Composed:
        """Return the statement that makes the view, or takes the place of one with these columns.

        CREATE OR REPLACE VIEW wants the columns that there are first, in their order.
        """
        kept = [name for name in present if name in self.columns]
        ordered = [*kept, *(name for name in self.columns if name not in kept)]
        return sql.SQL("CREATE OR REPLACE VIEW {} AS {}").format(_identifier(self.name), self.body(ordered))

    def comment_statements(self) -> Iterator[sql.Composed]:
        """Yield what comments on the view and its columns."""
        view = _identifier(self.name)
        yield sql.SQL("COMMENT ON VIEW {} IS {}").format(view, sql.Literal(self.comment))
        for name, comment in self.column_comments.items():
            column = sql.Identifier(name)
            yield sql.SQL("COMMENT ON COLUMN {}.{} IS {}").format(view, column, sql.Literal(comment))


def views(declarations: Sequence[Declaration]) -> list[View]:
    """Return the views in an order in which each finds those that it reads."""
    sources = row_sources(declarations)
    return [*map(served, declarations), posts(declarations), sources, sides(sources)]


def served(declaration: Declaration) -> View:
    """The rows of one table: for each ind the batch row, else the speed row."""
    query = sql.SQL(
        "SELECT {columns} FROM {batch} UNION ALL SELECT {columns} FROM {speed} AS recent"
        " WHERE NOT EXISTS (SELECT FROM {batch} AS known WHERE known.{key} = recent.{key})"
    )

    def body(names: Sequence[str]) -> sql.Composed:
        return query.format(
            columns=_comma(map(sql.Identifier, names)), key=sql.Identifier(KEY), **_paths(declaration)
        )

    comment = f"Posts: {declaration.comment}; batch, else speed"
    return View(f"serving.{declaration.served}", comment, declaration.names, body)


def posts(declarations: Sequence[Declaration]) -> View:
    """The tables joined: a row per row of the first one."""
    first, *others = declarations
    columns = post_columns(declarations)
    joins = sql.SQL("").join(
        sql.SQL(" LEFT JOIN {} ON {} = {}").format(
            sql.Identifier("serving", other.served),
            sql.Identifier(first.served, KEY),
            sql.Identifier(other.served, KEY),
        )
        for other in others
    )

    def body(names: Sequence[str]) -> sql.Composed:
        selected = _comma(sql.SQL("{} AS {}").format(columns[name], sql.Identifier(name)) for name in names)
        return sql.SQL("SELECT {} FROM {}{}").format(selected, sql.Identifier("serving", first.served), joins)

    names = " or ".join(other.served for other in others)
    comment = f"One row per post of {first.served}; nulls where {names} lacks its ind"
    return View("serving.posts", comment, tuple(columns), body)


def post_columns(declarations: Sequence[Declaration]) -> Expressions:
    """Return the column of a table behind each column of serving.posts.

    The key is there once. A name that an earlier table has too is written with its own table's name before it.
    """
    columns: Expressions = {}
    for place, declaration in enumerate(declarations):
        for name in declaration.names[1 if place else 0 :]:
            unique = f"{declaration.served}_{name}" if name in columns else name
            columns[unique] = sql.Identifier(declaration.served, name)
    return columns


def row_sources(declarations: Sequence[Declaration]) -> View:
    """The rows of each table by the path they come from. Ask it in the transaction of the queries that it explains."""
    query = sql.SQL(
        "SELECT {name} AS table_name, (SELECT count(*) FROM {batch}) AS from_batch,"
        " count(*) FILTER (WHERE known.{key} IS NULL) AS from_speed, count(known.{key}) AS covered"
        " FROM {speed} AS recent LEFT JOIN {batch} AS known ON recent.{key} = known.{key}"
    )

    def body(_: Sequence[str]) -> sql.Composed:
        return sql.SQL(" UNION ALL ").join(
            query.format(name=sql.Literal(declaration.served), key=sql.Identifier(KEY), **_paths(declaration))
            for declaration in declarations
        )

    remarks = {
        "from_batch": "Rows of the batch path, all of which are served",
        "from_speed": "Rows of the speed path that are served: batch lacks their ind",
        "covered": "Rows of the speed path that are hidden by a batch row of their ind",
    }
    comment = "How many rows of each table are served from which path"
    return View("serving.row_sources", comment, ("table_name", *remarks), body, remarks)


def sides(sources: View) -> View:
    """The name that row_sources had in version 0.1.0, kept for one release."""

    def body(_: Sequence[str]) -> sql.Composed:
        return sql.SQL("SELECT {} FROM {}").format(
            _comma(map(sql.Identifier, sources.columns)), _identifier(sources.name)
        )

    comment = "The former name of serving.row_sources, kept for one release"
    return View("serving.sides", comment, sources.columns, body, sources.column_comments)


def _paths(declaration: Declaration) -> dict[str, sql.Identifier]:
    return {path: sql.Identifier(path, declaration.served) for path in ("batch", "speed")}


def _comma(parts: Iterable[sql.Composable]) -> sql.Composed:
    return sql.SQL(", ").join([*parts])


def _identifier(name: str) -> sql.Identifier:
    return sql.Identifier(*name.split("."))
