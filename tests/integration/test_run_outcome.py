"""Test what `make trigger` prints of a run that Airflow has ended."""

import io
import json
from contextlib import closing

import pytest

from common.clients import postgres_connection
from common.settings import Settings
from common.terminal import make_console
from operations.airflow import outcome
from services.provision.databases import ensure_schema

RUN = """
INSERT INTO ops.batch_runs (mode, started_at, seconds) VALUES ('incremental', '2100-01-02Z', '{}') RETURNING run_id
"""
TABLE = "INSERT INTO ops.batch_run_tables VALUES (%s, %s, 5, 3, 1, 1, %s, %s, '{}')"


@pytest.fixture
def account(postgres: Settings) -> Settings:
    """A run of pin and geo, in a time of its own."""
    ensure_schema(postgres)
    with closing(postgres_connection(postgres)) as connection, connection, connection.cursor() as cursor:
        cursor.execute(RUN)
        [(run_id,)] = cursor.fetchall()
        for table in ("geo", "pin"):
            warned = {"follower_count_unreadable": 2} if table == "pin" else {}
            cursor.execute(TABLE, [run_id, table, json.dumps({"bad_ind": 1}), json.dumps(warned)])
    return postgres


def _shown(settings: Settings, since: str) -> str:
    text = io.StringIO()
    outcome.show(make_console(file=text, width=120), settings, since)
    return text.getvalue()


def test_counts_reasons_and_warnings_are_those_of_the_run(account: Settings) -> None:
    shown = _shown(account, "2100-01-01Z")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in shown.splitlines() if "│" in line]
    assert rows == [["pin", *"5311"], ["geo", *"5311"], ["total", "10", "6", "2", "2"]]
    assert "pin: quarantined: bad_ind 1" in shown
    assert "pin: warnings: follower_count_unreadable 2" in shown
    assert "geo: warnings" not in shown
    assert "`make quarantine`" in shown


def test_a_run_that_found_nothing_new_says_so(account: Settings) -> None:
    assert _shown(account, "2100-01-03Z") == "Nothing new had landed.\n"
