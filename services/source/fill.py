"""Fill the source database: `ensure_source(settings)` creates it, its reader and its rows, where they are not there.

The rows are loaded into a database beside it and moved over at the end, in one statement, together with
the note of what they were loaded from. So a load that was killed or failed leaves no note of itself, and the
next call does it again; until the move, readers see the rows of before.

Tables that lack a column of the declaration, as an earlier version made them, are loaded likewise, and every row that
they hold is kept with its values: the load fills the new columns alone.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import msgspec
import mysql.connector
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from common.settings import ROOT, Settings, load_settings
from common.terminal import complain, make_console
from contracts.rows import TABLE_NAMES, Row
from contracts.tables import DECLARATIONS, TABLES, Table
from services.source import generator, source_dir
from services.source.load import load_rows

DATABASE = "pinterest_data"
LOADING = "pinterest_data_loading"
SCHEMA = ROOT / "sql" / "mysql"
ALL_TABLES = (*TABLE_NAMES.values(), "source_load")

# Another load may be under way: 1,000,000 posts take up to 300 s.
_LOCK_SECONDS = 300


def ensure_source(settings: Settings) -> bool:
    """See that the source database holds what the settings ask for; show progress while loading it.

    Returns:
        Whether rows had to be loaded.

    Raises:
        SourceError: SOURCE_DIR lacks a file, or a line of one is malformed.
        mysql.connector.Error: the server is not there or refuses.
    """
    wanted = origin(settings)
    with root_connection(settings) as connection, connection.cursor() as cursor:
        _lock(cursor)
        _ensure_reader(cursor, settings)
        is_wanted = _loaded_from(cursor) == wanted
        if is_wanted and _has_all_columns(cursor):
            return False
        _load(connection, cursor, settings)
        if is_wanted:
            _keep_rows(cursor)
        cursor.execute("INSERT INTO source_load VALUES (%s, UTC_TIMESTAMP())", (wanted,))
        _move_over(cursor)
    return True


def origin(settings: Settings) -> str:
    """Return what the settings ask to be loaded, as text: it changes when the rows may have.

    Raises:
        SourceError: SOURCE_DIR lacks a file.
    """
    if settings.source.dir is None:
        facts: object = [generator.VERSION, settings.source.rows, settings.source.seed]
    else:
        paths = [source_dir.source_file(table, settings.source.dir) for table in TABLES]
        facts = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]
    return msgspec.json.encode(facts).decode()


@contextmanager
def root_connection(settings: Settings) -> Iterator[Any]:
    """A connection as root, whose statements stay out of the binary log: rows that can be made again need none."""
    connection = mysql.connector.connect(
        host=settings.mysql.host,
        port=settings.mysql.port,
        user="root",
        password=settings.mysql.root_password.get_secret_value(),
        charset="utf8mb4",
        autocommit=True,
        connection_timeout=5,
        allow_local_infile=True,
    )
    try:
        with connection.cursor() as cursor:
            cursor.execute("SET SESSION sql_log_bin = 0")
        yield connection
    finally:
        connection.close()


def _lock(cursor: Any) -> None:  # noqa: ANN401 - untyped library
    """One load at a time; the lock ends with the connection."""
    cursor.execute("SELECT GET_LOCK('source_load', %s)", (_LOCK_SECONDS,))
    if cursor.fetchone() != (1,):
        raise TimeoutError(f"MySQL: another load of the source was still under way after {_LOCK_SECONDS} s")


def _ensure_reader(cursor: Any, settings: Settings) -> None:  # noqa: ANN401
    password = settings.mysql.password.get_secret_value()
    cursor.execute(f"CREATE DATABASE IF NOT EXISTS {DATABASE} CHARACTER SET utf8mb4")
    cursor.execute("CREATE USER IF NOT EXISTS 'pinterest'@'%' IDENTIFIED BY %s", (password,))
    cursor.execute("ALTER USER 'pinterest'@'%' IDENTIFIED BY %s", (password,))
    cursor.execute(f"GRANT SELECT ON {DATABASE}.* TO 'pinterest'@'%'")


def _loaded_from(cursor: Any) -> str | None:  # noqa: ANN401
    cursor.execute(
        "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = %s AND table_name = 'source_load'",
        (DATABASE,),
    )
    if cursor.fetchone() == (0,):
        return None
    cursor.execute(f"SELECT MAX(origin) FROM {DATABASE}.source_load")  # noqa: S608 - a constant
    (text,) = cursor.fetchone()
    return None if text is None else str(text)


def _has_all_columns(cursor: Any) -> bool:  # noqa: ANN401
    """Return whether the tables have every column that is declared, of its type."""
    declared = {
        (each.source, column.name, column.type.partition("(")[0].lower())
        for each in DECLARATIONS.values()
        for column in each.source_columns
    }
    return declared <= _columns(cursor)


def _columns(cursor: Any) -> set[tuple[str, str, str]]:  # noqa: ANN401
    """The tables' columns as they are: table, name, and type without its size."""
    cursor.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = %s",
        (DATABASE,),
    )
    return {(str(table), str(name), str(kind).lower()) for table, name, kind in cursor.fetchall()}


def _keep_rows(cursor: Any) -> None:  # noqa: ANN401
    """Bring the rows of before into the loaded tables, their values in the place of the loaded ones."""
    there = {(table, name) for table, name, _ in _columns(cursor)}
    for declared in DECLARATIONS.values():
        names = [f"`{name}`" for name in declared.source_names if (declared.source, name) in there]
        if not names:
            continue  # a table that is new
        columns, values = ", ".join(names), ", ".join(f"{name} = old.{name}" for name in names)
        cursor.execute(
            f"INSERT INTO {LOADING}.{declared.source} ({columns})"  # noqa: S608 - our own constants
            f" SELECT {columns} FROM {DATABASE}.{declared.source} AS old ON DUPLICATE KEY UPDATE {values}"
        )


def create_empty(cursor: Any, database: str) -> None:  # noqa: ANN401
    """Make the database anew with empty source tables, and use it."""
    cursor.execute(f"DROP DATABASE IF EXISTS {database}")
    cursor.execute(f"CREATE DATABASE {database} CHARACTER SET utf8mb4")
    cursor.execute(f"USE {database}")
    for name in ALL_TABLES:
        cursor.execute((SCHEMA / f"{name}.sql").read_text())


def _load(connection: Any, cursor: Any, settings: Settings) -> None:  # noqa: ANN401
    create_empty(cursor, LOADING)
    with _progress() as progress:
        for table in TABLES:
            total = None if settings.source.dir else settings.source.rows
            task = progress.add_task(f"{table} rows into MySQL", total=total)
            load_rows(connection, table, _rows(table, settings), partial(progress.advance, task))


def _rows(table: Table, settings: Settings) -> Iterator[list[Row]]:
    if settings.source.dir is None:
        return generator.generate(table, settings.source.rows, settings.source.seed)
    return source_dir.read(table, settings.source.dir)


def _progress() -> Progress:
    """A bar for each table; where the output is no terminal, their last state."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=make_console())


def _move_over(cursor: Any) -> None:  # noqa: ANN401
    names = ", ".join(f"{DATABASE}.{name}" for name in ALL_TABLES)
    moves = ", ".join(f"{LOADING}.{name} TO {DATABASE}.{name}" for name in ALL_TABLES)
    cursor.execute(f"DROP TABLE IF EXISTS {names}")
    cursor.execute(f"RENAME TABLE {moves}")
    cursor.execute(f"DROP DATABASE {LOADING}")


if __name__ == "__main__":
    try:
        ensure_source(load_settings())
    except source_dir.SourceError as refusal:
        complain(str(refusal))
        raise SystemExit(1) from None
