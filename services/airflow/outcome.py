"""What became of the records of a run that Airflow has ended, from the batch job's own account of it."""

from contextlib import closing

from rich.console import Console
from rich.table import Table as Grid

from services.common.clients import postgres_connection
from services.common.settings import Settings

# One run is at work at a time, so what began since then is of this one; a task that was repeated began anew.
_ACCOUNT = """
SELECT account.table_name, account.read, account.cleaned, account.duplicate, account.quarantined
FROM ops.batch_run_tables AS account JOIN ops.batch_runs AS run USING (run_id)
WHERE run.started_at >= %s AND run.error IS NULL ORDER BY run_id, array_position('{pin,geo,user}'::text[], table_name)
"""
_COLUMNS = ("read", "cleaned", "duplicate", "quarantined")


def show(console: Console, settings: Settings, since: str) -> None:
    """Print a line for each table: read = cleaned + duplicate + quarantined.

    Args:
        since: when the run began, as Airflow has it (ISO 8601).

    Raises:
        psycopg2.Error: Postgres does not answer.
    """
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_ACCOUNT, [since])
        rows = cursor.fetchall()
    if not rows:
        console.print("Nothing new had landed.")
        return
    grid = Grid("table")
    for name in _COLUMNS:
        grid.add_column(name, justify="right")
    for table, *counts in rows:
        grid.add_row(table, *(f"{count:,}" for count in counts))
    console.print(grid)
