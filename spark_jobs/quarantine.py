"""Show the newest rejected records: `python -m spark_jobs.quarantine`, in the Makefile `make quarantine`."""

from contextlib import closing
from datetime import datetime
from typing import Annotated

import psycopg2
import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.common.clients import postgres_connection
from services.common.settings import Settings, load_settings

_NEWEST = """
SELECT
    quarantined_at, topic || '[' || partition || ']' AS source, "offset"::text AS place, reasons, raw
FROM quarantine.batch
UNION ALL
SELECT quarantined_at, stream || ' ' || shard, sequence_number::text, reasons, raw
FROM quarantine.stream
ORDER BY quarantined_at DESC, source, place DESC LIMIT %s
"""
_COUNT = "SELECT (SELECT count(*) FROM quarantine.batch) + (SELECT count(*) FROM quarantine.stream)"
_SHOWN_CHARACTERS = 200  # of a record's text: enough to know it again, and a screen holds several

# When, the partition or shard, the offset or sequence number, why, and the text.
Row = tuple[datetime, str, str, list[str], str | None]


def newest(settings: Settings, limit: int) -> tuple[int, list[Row]]:
    """How many rejected records there are, and the newest of them, as `analyst` sees them."""
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_COUNT)
        count: int = (cursor.fetchone() or (0,))[0]
        cursor.execute(_NEWEST, [limit])
        return count, cursor.fetchall()


def to_table(rows: list[Row]) -> Table:
    """The rejected records: when, where from, why, and their text (its beginning, if it is long)."""
    table = Table("quarantined at (UTC)", "source", "offset or number", "reasons", "record")
    for when, source, place, reasons, raw in rows:
        text = raw or ""
        shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
        # Text: a record's own square brackets are not rich's markup.
        cells = (f"{when:%Y-%m-%d %H:%M:%S}", source, place, ", ".join(reasons), shown)
        table.add_row(*(Text(cell, overflow="fold") for cell in cells))
    return table


def main(limit: Annotated[int, typer.Option(help="How many records to show.", min=1)] = 20) -> None:
    """Show the newest records that the batch job or the streaming writer rejected, and why."""
    try:
        count, rows = newest(load_settings(), limit)
    except psycopg2.Error as error:
        typer.secho(
            f"Postgres: {str(error).strip()}\n`make status`, then `make up`.", fg=typer.colors.RED, err=True
        )
        raise typer.Exit(1) from None
    console = Console()
    if not rows:
        console.print("The quarantine is empty: no record was rejected.")
        return
    console.print(to_table(rows))
    where = "`make psql` has all, in quarantine.batch and quarantine.stream"
    console.print(f"{len(rows):,} of {count:,} rejected records. {where}.")
    console.print(
        "`make replay` judges those of the batch path again: docs/airflow.md, the way back from quarantine."
    )


if __name__ == "__main__":
    typer.run(main)
