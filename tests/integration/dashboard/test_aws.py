"""The dashboard's readings of a real LocalStack."""

import secrets

import pyarrow as pa
import pytest
from deltalake import write_deltalake

from common.clients import delta_options, s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, SPEED, Layer, folder
from dashboard.readings.delta import read_delta
from dashboard.readings.http import read_aws


@pytest.fixture
def bucket(localstack: Settings) -> Settings:
    """A bucket of its own."""
    settings = localstack.replace(USER_ID=secrets.token_hex(6))
    s3_client(settings).create_bucket(Bucket=settings.bucket)
    return settings


def write(settings: Settings, layer: Layer, table: str, rows: int) -> None:
    path = f"s3://{settings.bucket}/{folder(layer, table)}"
    data = pa.table({"ind": range(rows)})
    write_deltalake(path, data, mode="append", storage_options=delta_options(settings))


def test_it_is_well(localstack: Settings) -> None:
    assert read_aws(localstack)


def test_rows_are_counted_by_path_and_table(bucket: Settings) -> None:
    empty = read_delta(bucket)
    assert empty
    assert set(empty.rows.values()) == {0}
    for layer, table, rows in ((BATCH, "pin", 3), (BATCH, "pin", 4), (SPEED, "user", 2)):
        write(bucket, layer, table, rows)
    delta = read_delta(bucket)
    assert delta
    assert (delta.of(BATCH), delta.of(SPEED)) == (7, 2)
    assert delta.rows[BATCH, "pin"] == 7
