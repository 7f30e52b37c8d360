"""Rows that MySQL has no room for are refused with its disk's name; any other refusal is passed on as it is."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import mysql.connector
import pytest
from mysql.connector import errorcode

from services.source.load import load_file
from services.source.source_dir import SourceError


class Connection:
    """A connection, and its own cursor, that refuses all statements."""

    def __init__(self, number: int, message: str) -> None:
        self.refusal = mysql.connector.DatabaseError(message, errno=number)

    def cursor(self) -> Any:  # noqa: ANN401 - in the place of the library's
        return nullcontext(self)

    def execute(self, *_: object) -> None:
        raise self.refusal


def _load(connection: Connection, path: Path) -> None:
    load_file(connection, "pin", path, first=1, count=1, loaded=lambda _: None)


def test_a_full_disk_is_named(tmp_path: Path) -> None:
    full = Connection(errorcode.ER_RECORD_FILE_FULL, "The table 'pinterest_data' is full")
    with pytest.raises(SourceError) as told:
        _load(full, tmp_path / "rows.tsv")
    assert str(told.value) == (
        "MySQL's disk is full: The table 'pinterest_data' is full. Free disk, then `make up`"
    )


def test_another_refusal_is_passed_on(tmp_path: Path) -> None:
    refusing = Connection(errorcode.ER_LOCK_DEADLOCK, "Deadlock found when trying to get lock")
    with pytest.raises(mysql.connector.DatabaseError) as told:
        _load(refusing, tmp_path / "rows.tsv")
    assert told.value is refusing.refusal
