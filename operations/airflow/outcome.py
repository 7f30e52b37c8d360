"""Show the counts of records of a finished Airflow run, as the batch job recorded them."""

from contextlib import closing

from rich.console import Console

from common.clients import postgres_connection
from common.settings import Settings
from contracts.run_counts import TableRunCounts
from spark_jobs.batch import summary

# One run is at work at a time, so what began since then is of this one; a task that was repeated began anew.
_ACCOUNT = """
SELECT account.table_name, account.read, account.cleaned, account.duplicate, account.quarantined, reasons, warnings
FROM ops.batch_run_tables AS account JOIN ops.batch_runs AS run USING (run_id)
WHERE run.started_at >= %s AND run.error IS NULL ORDER BY run_id, array_position('{pin,geo,user}'::text[], table_name)
"""


def show(console: Console, settings: Settings, since: str) -> None:
    """Print a line for each table that had records: read = cleaned + duplicate + quarantined; and why some were not.

    Args:
        since: when the run began, as Airflow has it (ISO 8601).

    Raises:
        psycopg2.Error: Postgres does not answer.
    """
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(_ACCOUNT, [since])
        accounts = [TableRunCounts(table, (), *numbers) for table, *numbers in cursor]
    if accounts:
        summary.show_accounts(console, accounts)
    else:
        console.print("Nothing new had landed.")
