"""`make up` upgrades a stack that an earlier version left, in place; one that a newer version left it refuses."""

import json
from typing import Any

import httpx
import pytest

from common.clients import s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, FORMER_BATCH, QUARANTINE, SPEED, Layer, folder
from contracts.tables import TABLES
from operations.verify.stored import PLACE
from services.provision.databases import DATABASES, SQL_FOLDER
from stack.local import supervision
from tests.baseline import databases
from tests.baseline.stack import delta_columns, put_back
from tests.e2e import stages
from tests.e2e.conftest import TEST_SECONDS
from tests.make import Make

pytestmark = [pytest.mark.usefixtures("demo"), pytest.mark.timeout(TEST_SECONDS)]

# They write into the databases: provisioning at its start, the other one at each micro-batch.
WRITERS = ("provision", "streaming-writer")
POST = {"index": 88_888, "title": "Sent after the upgrade", "category": "art"}
NEWER = {**POST, "title": "Sent once more"}
# What the tests before this one have filled.
FILLED = {
    *TABLES,
    "batch.pin",
    "batch.geo",
    "batch.users",
    "speed.pin",
    "speed.geo",
    "speed.users",
    "speed.places",
}
VERSION = "SELECT version_num FROM migrations.version"


class Stack:
    """The rows of a stack, by stage and table, in the columns that the baseline has."""

    def __init__(self, settings: Settings) -> None:
        """`settings` are those of a stack in the baseline's state."""
        self._settings = settings
        self._columns = {name: databases.columns_of_all(settings, name) for name in DATABASES}
        self.before = self.rows(FORMER_BATCH)

    def rows(self, layer: Layer) -> dict[str, Any]:
        """Return all rows there are now, those of the batch path's Delta tables in this layer."""
        settings = self._settings
        return {
            **{name: databases.contents(settings, name, self._columns[name]) for name in DATABASES},
            "MySQL": {table: stages.source_rows(settings, table) for table in TABLES},
            "Kafka": stages.kafka_values(settings),
            "landing zone": stages.landed_lines(settings),
            "Delta": {name: self._delta(name, layer, delta_columns(name)) for name in (*TABLES, QUARANTINE)},
            "Delta, streaming": {
                table: self._delta(table, SPEED, [name for name in delta_columns(table) if name not in PLACE])
                for table in TABLES
            },
        }

    def _delta(self, name: str, layer: Layer, columns: list[str]) -> list[tuple[Any, ...]]:
        return sorted(stages.delta_rows(self._settings, name, columns, layer), key=str)


def _stop(stack: Settings, *services: str) -> None:
    for name in services:
        supervision.server(stack).stopProcess(name)


def _objects(stack: Settings, layer: Layer, name: str) -> int:
    """Return how many objects of a Delta table there are."""
    s3 = s3_client(stack)
    return int(s3.list_objects_v2(Bucket=stack.bucket, Prefix=f"{folder(layer, name)}/")["KeyCount"])


@pytest.fixture(scope="module")
def earlier(stack: Settings) -> Stack:
    """The stack as an earlier version left it, with all of its rows; its writers are stopped."""
    _stop(stack, *WRITERS)
    put_back(stack)
    return Stack(stack)


def test_an_earlier_stack_is_upgraded_with_every_row(make: Make, stack: Settings, earlier: Stack) -> None:
    empty = {name for stage in earlier.before.values() for name, rows in stage.items() if rows == []}
    assert not empty & FILLED
    make("up")
    assert earlier.rows(FORMER_BATCH) == earlier.before
    for database in DATABASES:
        newest = max(file.name[:4] for file in (SQL_FOLDER / "migrations" / database).glob("*.sql"))
        assert databases.rows(stack, VERSION, database) == [(newest,)], database


def test_the_next_run_moves_the_delta_tables_and_goes_on(make: Make, stack: Settings, earlier: Stack) -> None:
    """Nothing is read again but what is new: the progress of before is known."""
    runs = "SELECT mode, read FROM ops.batch_runs JOIN ops.batch_run_tables USING (run_id) WHERE read > 0"
    known = stages.ask(stack, runs)
    _post(stack, POST, NEWER)
    make("landed")
    make("batch")
    assert sorted(stages.ask(stack, runs)) == sorted([*known, ("incremental", 2)])
    assert [_objects(stack, FORMER_BATCH, name) for name in (*TABLES, QUARANTINE)] == [0] * 4
    now, served = earlier.rows(BATCH), "SELECT title FROM serving.pin WHERE ind = 88888"
    assert stages.ask(stack, served) == [(NEWER["title"],)]
    [added] = {*now["Delta"]["pin"]} - {*earlier.before["Delta"]["pin"]}
    assert dict(zip(delta_columns("pin"), added, strict=True))["title"] == NEWER["title"]
    now["Delta"]["pin"].remove(added)
    assert now["Delta"] == earlier.before["Delta"]
    assert now["Delta, streaming"] == earlier.before["Delta, streaming"]
    assert "All hops add up" in make("verify")


def test_a_newer_stack_is_refused_with_what_to_do(make: Make, stack: Settings) -> None:
    _stop(stack, "provision")
    [known] = databases.rows(stack, VERSION)
    set_version = "UPDATE migrations.version SET version_num = %s"
    databases.rows(stack, set_version, values=["0099"])
    try:
        refused = make.run("up")
    finally:
        databases.rows(stack, set_version, values=known)
    assert refused.returncode
    said = " ".join(refused.stdout.split())
    assert "provision did not start" in said
    assert "database pinterest has migration 0099, which this checkout lacks" in said
    assert "Go on with that version (`git pull`, then `make up`), or begin again without the data" in said
    make("up")


def _post(stack: Settings, *values: dict[str, Any]) -> None:
    """Send records of one key to the topic pin, one request each, so that they keep their order."""
    for value in values:
        answer = httpx.post(
            f"{stack.rest_proxy.url}/topics/{stack.topic('pin')}",
            content=json.dumps({"records": [{"key": "88888", "value": value}]}),
            headers={"Content-Type": "application/vnd.kafka.json.v2+json"},
            timeout=60,
        )
        answer.raise_for_status()
