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
SELECT quarantined_at, topic, partition, "offset", reasons, raw FROM quarantine.batch
ORDER BY quarantined_at DESC, topic, partition, "offset" DESC LIMIT %s
"""
_COUNT = "SELECT count(*) FROM quarantine.batch"
_SHOWN_CHARACTERS = 200  # of a record's text: enough to know it again, and a screen holds several

Row = tuple[datetime, str, int, int, list[str], str | None]


def newest(settings: Settings, limit: int) -> tuple[int, list[Row]]:
    """How many rejected records there are, and the newest of them, as `analyst` sees them."""
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_COUNT)
        count: int = (cursor.fetchone() or (0,))[0]
        cursor.execute(_NEWEST, [limit])
        return count, cursor.fetchall()


def to_table(rows: list[Row]) -> Table:
    """The rejected records: when, where from, why, and their text (its beginning, if it is long)."""
    table = Table("quarantined at (UTC)", "topic", "partition", "offset", "reasons", "record")
    for when, topic, partition, offset, reasons, raw in rows:
        text = raw or ""
        shown = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
        # Text: a record's own square brackets are not rich's markup.
        cells = (f"{when:%Y-%m-%d %H:%M:%S}", topic, str(partition), str(offset), ", ".join(reasons), shown)
        table.add_row(*(Text(cell) for cell in cells))
    return table


def main(limit: Annotated[int, typer.Option(help="How many records to show.", min=1)] = 20) -> None:
    """Show the newest records that the batch job rejected, and why."""
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
    console.print(f"{len(rows):,} of {count:,} rejected records. `make psql` has all, in quarantine.batch.")


if __name__ == "__main__":
    typer.run(main)
