"""The emulator's ledger in Postgres: what each run sent, by topic and stream, for the reconciliation."""

from collections.abc import Mapping
from contextlib import closing
from uuid import uuid4

import psycopg2
from psycopg2.extras import execute_values
from rich.console import Console

from common.clients import postgres_connection
from common.settings import Settings
from emulator.formats import Route
from emulator.summary import Outcome

_INSERT = """
INSERT INTO ops.emulator_runs (emulator_run_id, destination, route, read, acknowledged, failed, seconds) VALUES %s
"""


def record(settings: Settings, outcomes: Mapping[Route, Outcome], console: Console) -> None:
    """Add a run's rows. Records can be sent without Postgres, so where it is down that is only said."""
    run = str(uuid4())
    rows = [
        (run, name, route, counts.read, counts.acknowledged, counts.failed, outcome.seconds)
        for route, outcome in outcomes.items()
        for name, counts in outcome.delivered.items()
    ]
    try:
        with (
            closing(postgres_connection(settings, "emulator")) as connection,
            connection,
            connection.cursor() as cursor,
        ):
            execute_values(cursor, _INSERT, rows)
    except psycopg2.Error as error:
        reason = str(error).strip().splitlines()[0]
        console.print(f"Not noted in ops.emulator_runs: {reason}", style="yellow", soft_wrap=True)
