"""Helpers to reconcile as scheduled runs do, to change things by hand, and to see what is read."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pytest

from common.clients import postgres_connection
from common.settings import Settings
from contracts.delta_tables import BATCH
from contracts.tables import TABLES, Table
from operations.verify import landed, proof, served, stored
from operations.verify.run import reconcile_run

# Of a few records, one in quarantine is more than a share may be.
_ANY_QUALITY = {f"QUALITY_{what}_FAIL": 1.0 for what in ("QUARANTINE", "NULL", "DROP")}


@dataclass
class Reads:
    """The reads of reconciliations: keys of landed objects, paths of data files, rows of Postgres."""

    objects: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rows: int = 0

    def clear(self) -> None:
        """Forget them."""
        self.objects, self.files, self.rows = [], [], 0


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    """Return what is read from here on."""
    found = Reads()
    read_object, read_file, row_group = landed.read_object, stored.read_file, served.row_group

    def note_object(s3: Any, settings: Settings, key: str) -> bytes:  # noqa: ANN401
        found.objects.append(key)
        return read_object(s3, settings, key)

    def note_file(settings: Settings, table: Table, path: str) -> tuple[int, int, pa.Table]:
        found.files.append(path)
        return read_file(settings, table, path)

    def note_rows(rows: int, *others: int) -> proof.RowGroup:
        found.rows += rows
        return row_group(rows, *others)

    monkeypatch.setattr(landed, "read_object", note_object)
    monkeypatch.setattr(stored, "read_file", note_file)
    monkeypatch.setattr(served, "row_group", note_rows)
    return found


def reconcile(settings: Settings, ends: Mapping[Table, int]) -> None:
    """Reconcile as Airflow's task does, up to these offsets of partition 0 of each topic."""
    fixed = {settings.topic(table): {"0": ends.get(table, 0)} for table in TABLES}
    reconcile_run(settings.replace(**_ANY_QUALITY), settings.user_id, fixed, "all")


def execute(settings: Settings, *statements: str) -> None:
    """Execute the statements, each in a transaction of its own, as somebody at the prompt would."""
    for statement in statements:
        with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)


def data_files(settings: Settings) -> list[str]:
    """Return the data files that are the content of the Delta tables now, as their logs have them."""
    return sorted(path for table in TABLES for path in stored.listing(settings, BATCH, table).paths)
