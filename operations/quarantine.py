"""Show the newest rejected records: `python -m operations.quarantine`, in the Makefile `make quarantine`."""

from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from typing import Annotated

import psycopg2
import typer
from rich.console import Console
from rich.text import Text

from common.clients import postgres_connection
from common.command import run_command
from common.settings import Settings, load_settings
from common.terminal import cell, complain, make_console

_NEWEST = """
WITH rejected AS (
    SELECT quarantined_at, topic || '[' || partition || '] offset' AS source, "offset" AS place, reasons, raw
    FROM quarantine.batch
    UNION ALL
    SELECT quarantined_at, stream || ' ' || shard || ' number', sequence_number, reasons, raw
    FROM quarantine.stream
)
SELECT quarantined_at, source || ' ' || place, reasons, raw
FROM rejected ORDER BY quarantined_at DESC, source, place DESC LIMIT %s
"""
_COUNT = "SELECT (SELECT count(*) FROM quarantine.batch) + (SELECT count(*) FROM quarantine.stream)"
_SHOWN_CHARACTERS = 200  # of a record's text: enough to know it again, and a screen holds several
_INDENT = "  "

# When, where from, why, and the text.
Row = tuple[datetime, str, list[str], str | None]


def newest(settings: Settings, limit: int) -> tuple[int, list[Row]]:
    """Return how many rejected records there are, and the newest of them, as `analyst` sees them."""
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_COUNT)
        count: int = (cursor.fetchone() or (0,))[0]
        cursor.execute(_NEWEST, [limit])
        return count, cursor.fetchall()


def show(console: Console, rows: Iterable[Row]) -> None:
    """Print a block for each record: when and why it was rejected, then where it is from and its text, or its start."""
    for when, source, reasons, raw in rows:
        text = raw or ""
        shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
        console.print(cell(f"{when:%Y-%m-%d %H:%M:%S} UTC  {', '.join(reasons)}", "bold"))
        for part in filter(None, (source, shown)):
            for line in cell(part).wrap(console, console.width - len(_INDENT)):
                console.print(Text(_INDENT).append_text(line))


def main(limit: Annotated[int, typer.Option(help="How many records to show.", min=1)] = 20) -> None:
    """Show the newest records that the batch job or the streaming writer rejected, and why."""
    try:
        count, rows = newest(load_settings(), limit)
    except psycopg2.Error as error:
        complain(f"Postgres: {str(error).strip()}\n`make status`, then `make up`.")
        raise typer.Exit(1) from None
    console = make_console()
    if not rows:
        console.print("The quarantine is empty: no record was rejected.")
        return
    show(console, rows)
    where = "`make psql` has all, in quarantine.batch and quarantine.stream"
    console.print(f"{len(rows):,} of {count:,} rejected records. {where}.")
    console.print(
        "`make replay` checks those of the batch path again: docs/airflow.md, the way back from quarantine."
    )


if __name__ == "__main__":
    run_command(main, "make quarantine")
