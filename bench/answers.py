"""Seconds to ask the nine queries as `make query` does, against DuckDB's for the same SQL over the same rows.

Starts a LocalStack and a Postgres of its own. The batch rows are those of a run of the batch job over the generator's
posts; for each twenty of them there is a speed row, half of these covered by a batch row.
"""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import duckdb
import typer
from psycopg2 import sql

from bench.batch import Landing, servers
from bench.report import Row, report
from common.clients import postgres_connection
from common.settings import Settings
from contracts.tables import DECLARATIONS, Declaration
from operations.query import Answer, Query, ask, load_queries
from services.provision import serving_views
from spark_jobs.batch.job import run_batch
from spark_jobs.session.spark import spark_session

PACKAGES = ("psycopg2-binary", "duckdb")
ROUNDS = 3
THREADS = 2
AIM = 2
# No query reads it, and DuckDB does not know how Postgres writes an array.
LEFT_OUT = "coordinates"

Asked = tuple[list[Answer], list[float]]
"""The answers, and the seconds that each has taken."""


def main(posts: int = 1_000_000, write: bool = False) -> None:
    """Measure and print; the best round of each query counts, and the two take turns.

    Args:
        posts: how many posts the batch path serves.
        write: put the table into docs/benchmarks.md.
    """
    queries = list(load_queries().values())
    with servers() as (settings, _):
        serve_batch(settings, posts)
        serve_speed(settings, posts)
        with closing(in_duckdb(settings)) as duck:
            ours, theirs = measure(settings, duck, queries)
    rows = [
        Row(f"{query.number}. {query.title}", own, "s", other, better="lower")
        for query, own, other in zip(queries, ours, theirs, strict=True)
    ]
    rows.append(Row("all nine; baseline: DuckDB", sum(ours), "s", sum(theirs), AIM, "lower"))
    report(f"Answers: nine queries over {posts:,} posts", rows, packages=PACKAGES, write=write)


def serve_batch(settings: Settings, posts: int) -> None:
    """A run of the batch job over so many posts."""
    Landing(settings, posts).land(posts)
    run_batch(settings)
    spark_session(settings, "batch").stop()


def serve_speed(settings: Settings, posts: int) -> None:
    """Speed rows for a twentieth of the posts: the last ones, and as many again that batch does not have."""
    half = posts // 40
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        for declared in DECLARATIONS.values():
            key, *others = map(sql.Identifier, declared.names)
            for shift in (0, half):
                cursor.execute(
                    sql.SQL("INSERT INTO {} SELECT {} + {}, {} FROM {} WHERE {} >= {}").format(
                        sql.Identifier("speed", declared.served),
                        *(key, sql.Literal(shift), sql.SQL(", ").join(others)),
                        *(sql.Identifier("batch", declared.served), key, sql.Literal(posts - half)),
                    )
                )
            # Autovacuum does so within a minute.
            cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier("speed", declared.served)))


def in_duckdb(settings: Settings) -> duckdb.DuckDBPyConnection:
    """The same tables and views in DuckDB, in its memory."""
    duck = duckdb.connect(config={"threads": THREADS})
    for schema in ("batch", "speed", "serving"):
        duck.execute(f"CREATE SCHEMA {schema}")
    for declared in DECLARATIONS.values():
        for schema in ("batch", "speed"):
            copy_table(settings, duck, schema, declared)
        duck.execute(view(settings, declared))
    return duck


def copy_table(
    settings: Settings, duck: duckdb.DuckDBPyConnection, schema: str, declared: Declaration
) -> None:
    """Bring a table's rows over by CSV, in which Postgres quotes an empty text and no null."""
    columns = [column for column in declared.columns if column.name != LEFT_OUT]
    table, names = f"{schema}.{declared.served}", ", ".join(f'"{column.name}"' for column in columns)
    typed = ", ".join(f'"{column.name}" {column.type}' for column in columns)
    duck.execute(f"CREATE TABLE {table} ({typed})")
    with TemporaryDirectory() as folder, closing(postgres_connection(settings)) as connection:
        path = Path(folder, "rows.csv")
        with path.open("wb") as file, connection.cursor() as cursor:
            cursor.copy_expert(f"COPY {table} ({names}) TO STDOUT (FORMAT csv)", file)
        duck.execute(f"COPY {table} FROM '{path}' (FORMAT csv, ALLOW_QUOTED_NULLS false)")


def view(settings: Settings, declared: Declaration) -> str:
    """The product's own view; DuckDB wants something to be selected."""
    names = [name for name in declared.names if name != LEFT_OUT]
    with closing(postgres_connection(settings)) as connection:
        statement = serving_views.served(declared).body(names).as_string(connection)
    return f"CREATE VIEW serving.{declared.served} AS {statement.replace('SELECT FROM', 'SELECT 1 FROM')}"


def measure(
    settings: Settings, duck: duckdb.DuckDBPyConnection, queries: Sequence[Query]
) -> tuple[list[float], list[float]]:
    """The best seconds of each query, ours and DuckDB's; the answers have to be the same."""
    rounds = []
    for _ in range(ROUNDS):
        ours, theirs = ask_postgres(settings, queries), ask_duckdb(duck, queries)
        for query, own, other in zip(queries, ours[0], theirs[0], strict=True):
            assert own == other, f"query {query.number}: Postgres and DuckDB differ"
        rounds.append((ours[1], theirs[1]))
    best = [[min(seconds) for seconds in zip(*each, strict=True)] for each in zip(*rounds, strict=True)]
    return best[0], best[1]


def ask_postgres(settings: Settings, queries: Sequence[Query]) -> Asked:
    """As `make query` asks; it takes the next statement when it has the answer of the one before."""
    moments = []

    def statements() -> Iterator[str]:
        for query in queries:
            moments.append(perf_counter())
            yield query.sql
        moments.append(perf_counter())

    answers = ask(settings, statements())
    return answers, [end - start for start, end in pairwise(moments)]


def ask_duckdb(duck: duckdb.DuckDBPyConnection, queries: Sequence[Query]) -> Asked:
    """The same statements, as they are."""
    answers, seconds = [], []
    for query in queries:
        start = perf_counter()
        rows = duck.execute(query.sql).fetchall()
        seconds.append(perf_counter() - start)
        answers.append(Answer([column[0] for column in duck.description or ()], rows))
    return answers, seconds


if __name__ == "__main__":
    typer.run(main)
