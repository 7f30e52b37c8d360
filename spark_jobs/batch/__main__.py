"""The batch job: `python -m spark_jobs.batch [--full] [--table pin]`, in the Makefile `make batch` and
`make batch FULL=1`; the DAG pinterest_batch hands this file to spark-submit.

Takes what has landed since the last run, cleans it, and brings it into the Delta tables and Postgres.
"""

from typing import Annotated

import typer

from common.command import run_command
from common.settings import load_settings
from common.terminal import make_console
from contracts.tables import TABLES, OneTableOrAll
from spark_jobs.batch import failures, summary
from spark_jobs.batch.job import run_batch


def main(
    full: Annotated[bool, typer.Option(help="Rebuild all from the landing zone.")] = False,
    table: Annotated[OneTableOrAll, typer.Option(help="Only this table's records.")] = "all",
) -> None:
    """Clean what has landed since the last run and serve it from Postgres."""
    with failures.explained("The batch run", "make batch"):
        report = run_batch(load_settings(), full=full, tables=TABLES if table == "all" else (table,))
    summary.show(make_console(), report)


if __name__ == "__main__":
    run_command(main, "make batch")
