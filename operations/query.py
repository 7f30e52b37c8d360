"""Print the answers of the nine queries (sql/queries/), asked as the read-only `analyst`."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import psycopg2
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from common import terminal
from common.clients import postgres_connection
from common.command import TakesArgs, run_command
from common.settings import ROOT, Settings, load_settings
from common.terminal import complain, make_console

QUERY_FOLDER = ROOT / "sql" / "queries"
SIDES = "SELECT * FROM serving.row_sources ORDER BY array_position('{pin,geo,users}'::text[], table_name)"
SHOWN_ROWS = 15  # a terminal's height is enough for one answer and its question

_USAGE = (
    '`make query ARGS="3 7"` prints some of the nine answers, `make query ARGS=--all` every row of long ones.'
)

Value = str | int | float | None


@dataclass(frozen=True)
class Query:
    """One file of sql/queries/, `<number>_<title>.sql`; its first line is the question, as a comment."""

    number: int
    title: str
    question: str
    sql: str


@dataclass(frozen=True)
class Answer:
    """The columns' names and the rows, in the query's order."""

    columns: list[str]
    rows: list[tuple[Value, ...]]


def load_queries(folder: Path = QUERY_FOLDER) -> dict[int, Query]:
    """Every query by its number, in order."""
    queries = (_load(file) for file in folder.glob("*.sql"))
    return {query.number: query for query in sorted(queries, key=lambda query: query.number)}


def _load(file: Path) -> Query:
    number, _, title = file.stem.partition("_")
    sql = file.read_text(encoding="utf-8")
    question = sql.partition("\n")[0].removeprefix("--").strip()
    return Query(int(number), title.replace("_", " "), question, sql)


def choose(queries: Mapping[int, Query], numbers: Sequence[str]) -> list[Query]:
    """Return the queries of these numbers, all of them where none is given.

    Raises:
        typer.BadParameter: there is no such query.
    """
    known = {str(number): query for number, query in queries.items()}
    for number in numbers:
        if number not in known:
            raise typer.BadParameter(f"there is no query {number}; there are {min(known)} to {max(known)}")
    return [known[number] for number in numbers or known]


def ask(settings: Settings, statements: Iterable[str]) -> list[Answer]:
    """The statements' answers, all from one snapshot, so that they agree while both paths are writing.

    Raises:
        psycopg2.OperationalError: the server cannot be reached or does not let `analyst` in.
        psycopg2.errors.UndefinedTable: the schema is not there.
    """
    with closing(postgres_connection(settings, "analyst")) as connection:
        connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
        with connection.cursor() as cursor:
            return [_ask_one(cursor, statement) for statement in statements]


def _ask_one(cursor: "psycopg2.extensions.cursor", statement: str) -> Answer:
    cursor.execute(statement)
    return Answer([column.name for column in cursor.description or ()], cursor.fetchall())


def show(console: Console, query: Query, answer: Answer, limit: int | None) -> None:
    """Print title, question, at most `limit` rows (None: all), and how many rows there are."""
    console.print(Text(f"{query.number}. {query.title}", style="bold"))
    console.print(Text(query.question))
    console.print(to_table(answer, limit))
    console.print(Text(f"{caption(len(answer.rows), limit)}\n", style="dim"))


def show_sides(console: Console, sides: Answer) -> None:
    """Print how many rows of each table came from which path; where there are none, how to get some."""
    console.print(Text("Rows behind the answers", style="bold"))
    console.print(
        Text("Each post's batch row, else its speed row. Covered: speed rows hidden by a batch row.")
    )
    console.print(to_table(sides, None))
    if not any(count for _, *counts in sides.rows for count in counts):
        console.print(
            "No rows yet? `make emulate` sends the posts. The streaming writer serves those of the streams within "
            "seconds (`make status`: how far behind it is), `make landed batch` serves all."
        )


def to_table(answer: Answer, limit: int | None) -> Table:
    """The answer as a table: columns of numbers to the right, null shown as such."""
    table = Table()
    for name, *values in zip(answer.columns, *answer.rows, strict=True):
        text = any(isinstance(value, str) for value in values)
        table.add_column(name, justify="left" if text else "right", overflow="fold")
    for row in answer.rows[:limit]:
        table.add_row(*map(cell, answer.columns, row))
    return table


def cell(column: str, value: Value) -> Text:
    """A value as it is shown: text untouched, numbers with thousands apart (years not), null as such."""
    if value is None:
        return Text("(null)", style="dim italic")
    if isinstance(value, str) or column.endswith("_year"):
        return terminal.cell(str(value))
    return Text(f"{value:,}" if isinstance(value, int) else f"{value:,.15g}")


def caption(rows: int, limit: int | None) -> str:
    """`3 rows`, or how many more there are than shown."""
    hidden = 0 if limit is None else max(rows - limit, 0)
    if hidden:
        return f"... and {hidden:,} more {'row' if hidden == 1 else 'rows'}: `make query ARGS=--all`"
    return "1 row" if rows == 1 else f"{rows:,} rows"


def main(
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="NUMBER", help="Numbers of queries; all nine if none.")
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show every row of long answers.")] = False,
) -> None:
    """Print the answers of the nine queries from the served database."""
    chosen = choose(load_queries(), numbers or [])
    try:
        *answers, sides = ask(load_settings(), [*(query.sql for query in chosen), SIDES])
    except psycopg2.Error as error:
        complain(explain(error))
        raise typer.Exit(1) from None
    console = make_console()
    for query, answer in zip(chosen, answers, strict=True):
        show(console, query, answer, None if show_all else SHOWN_ROWS)
    show_sides(console, sides)


def explain(error: psycopg2.Error) -> str:
    """Return what went wrong and what to do about it."""
    if isinstance(error, psycopg2.OperationalError):
        remedy = "`make status` shows whether it runs; `make up` starts it and sets the passwords."
    else:
        remedy = "If the schema is not complete: `make up` creates it."
    return f"Postgres: {str(error).strip()}\n{remedy}"


if __name__ == "__main__":
    run_command(main, "make query", usage=_USAGE, cls=TakesArgs)
