"""The generated posts are followed through every hop of `make demo`, and counted and compared at each."""

import json
import re
import subprocess
from datetime import datetime
from typing import Any

import httpx
import pytest

from common.settings import ROOT, Settings
from contracts.tables import TABLES, Table
from operations.query import load_queries
from tests.e2e import stages
from tests.e2e.conftest import TEST_SECONDS
from tests.kinesis_records import records
from tests.make import Make
from tests.nine_answers import nine_answers
from tests.plain_cleaning import CLEAN

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]


@pytest.fixture(scope="module")
def kafka_values(stack: Settings) -> dict[stages.Position, bytes]:
    """The emulator's records, among which there is no tombstone."""
    values = stages.kafka_values(stack)
    sent = {position: value for position, value in values.items() if value is not None}
    assert sent == values
    return sent


def _on_the_wire(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}


@pytest.mark.parametrize("table", TABLES)
def test_mysql_to_kafka(table: Table, stack: Settings, kafka_values: dict[stages.Position, bytes]) -> None:
    rows = stages.source_rows(stack, table)
    assert len(rows) == stack.source.rows
    sent = stages.decoded(kafka_values, stack.topic(table))
    key = "index" if table == "pin" else "ind"
    assert sorted(sent, key=lambda row: row[key]) == [_on_the_wire(row) for row in rows]


@pytest.mark.parametrize("table", TABLES)
def test_mysql_to_kinesis(table: Table, stack: Settings) -> None:
    rows = stages.source_rows(stack, table)[: stack.emulator.stream_limit]
    found = records(stack, stack.stream(table), len(rows))
    assert [json.loads(data) for _, data in found] == [_on_the_wire(row) for row in rows]


def test_kafka_to_landing_zone(stack: Settings, kafka_values: dict[stages.Position, bytes]) -> None:
    assert stages.landed_lines(stack) == kafka_values


@pytest.mark.parametrize("table", TABLES)
def test_landing_zone_to_delta(table: Table, stack: Settings) -> None:
    expected = [CLEAN[table](row) for row in stages.source_rows(stack, table)]
    columns = list(type(expected[0])._fields)
    assert stages.delta_rows(stack, table, columns) == [tuple(row) for row in expected]


@pytest.mark.parametrize("table", TABLES)
def test_landing_zone_to_postgres(table: Table, stack: Settings) -> None:
    expected = [tuple(CLEAN[table](row)) for row in stages.source_rows(stack, table)]
    assert stages.served_rows(stack, table) == expected


def test_counts_of_the_run_add_up(stack: Settings) -> None:
    counted = "SELECT table_name, read, cleaned, duplicate, quarantined FROM ops.batch_run_tables ORDER BY 1"
    rows = stack.source.rows
    assert stages.ask(stack, counted) == [(table, rows, rows, 0, 0) for table in sorted(TABLES)]


def test_the_invoke_url_is_shown_and_answers(make: Make, demo: str, stack: Settings) -> None:
    [url] = re.findall(r"Invoke URL +(http\S+)", make("status"))
    assert url in demo
    topic = httpx.get(f"{url}/topics/{stack.topic('pin')}", timeout=60)
    assert (topic.status_code, topic.json()["name"]) == (200, stack.topic("pin"))


def test_postgres_to_nine_answers(stack: Settings) -> None:
    rows = {table: [CLEAN[table](row) for row in stages.source_rows(stack, table)] for table in TABLES}
    expected = nine_answers(rows["pin"], rows["geo"], rows["user"])  # type: ignore[arg-type]
    answers = {number: stages.ask(stack, query.sql) for number, query in load_queries().items()}
    assert answers == expected


def test_the_nine_answers_are_printed(demo: str) -> None:
    for query in load_queries().values():
        assert query.title in demo


def test_hostile_records_are_set_aside_with_reasons(make: Make, stack: Settings) -> None:
    hostile: list[tuple[Any, list[str]]] = [
        (_on_the_wire(stages.source_rows(stack, "user")[0]), ["other_table", "no_ind"]),
        ({"index": "1"}, ["bad_ind"]),
        (None, ["tombstone"]),
        ([1], ["not_an_object"]),
        ({"index": 10**12}, ["bad_ind"]),
    ]
    answer = httpx.post(
        f"{stack.rest_proxy.url}/topics/{stack.topic('pin')}",
        content=json.dumps({"records": [{"value": value} for value, _ in hostile]}),
        headers={"Content-Type": "application/vnd.kafka.json.v2+json"},
        timeout=60,
    )
    assert [offset["error_code"] for offset in answer.json()["offsets"]] == [None] * len(hostile)
    before = {table: stages.served_rows(stack, table) for table in TABLES}
    make("landed")
    make("batch")
    rejected = stages.ask(stack, "SELECT raw, reasons FROM quarantine.batch")
    assert sorted(rejected) == sorted((json.dumps(value), reasons) for value, reasons in hostile)
    assert {table: stages.served_rows(stack, table) for table in TABLES} == before
    assert "other_table" in make("quarantine")


def test_a_second_run_has_nothing_to_do(make: Make, stack: Settings) -> None:
    runs = stages.ask(stack, "SELECT count(*) FROM ops.batch_runs")
    make("batch")
    assert stages.ask(stack, "SELECT count(*) FROM ops.batch_runs") == runs


def test_the_readmes_own_post_is_served(make: Make, stack: Settings) -> None:
    [example] = re.findall(r"```bash\n(curl .*?)```", (ROOT / "README.md").read_text(), re.S)
    *curl, then = example.strip().replace("\\\n", "").split("\n")
    posted = (
        "\n".join(curl).replace(":8082", f":{stack.rest_proxy.port}").replace("0a1b2c3d4e5f", stack.user_id)
    )
    subprocess.run(["bash", "-euc", posted], check=True)
    make(*then.split()[1:])
    served = stages.ask(stack, "SELECT title, follower_count FROM serving.pin WHERE ind = 99999")
    assert served == [("My first post", 12_000)]
