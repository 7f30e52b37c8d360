"""Read what each stage of the batch path holds, over that stage's own protocol."""

import io
import json
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import Consumer, TopicPartition
from pyarrow import parquet

from common.clients import mysql_connection, postgres_connection, s3_client
from common.settings import Settings
from contracts.delta_tables import BATCH, Layer, folder
from contracts.landing import parse_key
from contracts.tables import Table
from services.s3_sink.catch_up import end_offsets
from tests.kafka_clients import as_user
from tests.kafka_records import position

SOURCES: dict[Table, str] = {"pin": "pinterest_data", "geo": "geolocation_data", "user": "user_data"}
SERVED: dict[Table, str] = {"pin": "pin", "geo": "geo", "user": "users"}

# A record's position: topic, partition, offset.
Position = tuple[str, int, int]


def source_rows(settings: Settings, table: Table) -> list[dict[str, Any]]:
    """The rows of a source table in MySQL, in the order of their key."""
    with (
        closing(mysql_connection(settings)) as connection,
        closing(connection.cursor(dictionary=True)) as cursor,
    ):
        cursor.execute(f"SELECT * FROM {SOURCES[table]} ORDER BY 1")  # noqa: S608 - our own names
        rows: list[dict[str, Any]] = cursor.fetchall()
        return rows


def kafka_values(settings: Settings) -> dict[Position, bytes | None]:
    """Return every record of the three topics; None is a tombstone."""
    ends = end_offsets(settings)
    consumer = Consumer(
        {
            **as_user(settings),
            "group.id": "test",
            "enable.auto.commit": False,
        }
    )
    consumer.assign([TopicPartition(one.topic, one.partition, 0) for one in ends])
    values: dict[Position, bytes | None] = {}
    with closing(consumer):
        while len(values) < sum(ends.values()):
            for message in consumer.consume(5000, timeout=10):
                assert message.error() is None
                values[position(message)] = message.value()
    return values


def landed_lines(settings: Settings) -> dict[Position, bytes]:
    """Every line of the landing zone, by the offset that its object's name and its number give it."""
    s3 = s3_client(settings)
    lines: dict[Position, bytes] = {}
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=settings.bucket, Prefix="topics/"):
        for item in page.get("Contents", []):
            name = parse_key(item["Key"])
            body = s3.get_object(Bucket=settings.bucket, Key=item["Key"])["Body"].read()
            for number, line in enumerate(body.splitlines()):
                position = (name.topic, name.partition, name.start + number)
                assert position not in lines, f"{position} landed twice"
                lines[position] = line
    return lines


def delta_rows(
    settings: Settings, table: str, columns: list[str], layer: Layer = BATCH
) -> list[tuple[Any, ...]]:
    """The rows of a Delta table in the order of ind, read by the protocol's own rules (no Spark).

    The state is what the log's actions leave: files added and not removed since.
    """
    s3, prefix = s3_client(settings), f"{folder(layer, table)}/"
    pages = s3.get_paginator("list_objects_v2").paginate(
        Bucket=settings.bucket, Prefix=f"{prefix}_delta_log/"
    )
    commits = sorted(
        item["Key"] for page in pages for item in page.get("Contents", []) if item["Key"].endswith(".json")
    )
    files: set[str] = set()
    for commit in commits:
        for line in s3.get_object(Bucket=settings.bucket, Key=commit)["Body"].read().splitlines():
            action = json.loads(line)
            files -= {action["remove"]["path"]} if "remove" in action else set()
            files |= {action["add"]["path"]} if "add" in action else set()
    bodies = (s3.get_object(Bucket=settings.bucket, Key=prefix + file)["Body"].read() for file in files)
    tables = (
        parquet.read_table(io.BytesIO(body), columns=columns, coerce_int96_timestamp_unit="us")
        for body in bodies
    )
    rows = (tuple(_in_utc(value) for value in row.values()) for table in tables for row in table.to_pylist())
    return sorted(rows, key=lambda row: row[0])


def _in_utc(value: object) -> object:
    """Parquet's older form of a time (int96, Spark's default) is in UTC without saying so."""
    return value.replace(tzinfo=UTC) if isinstance(value, datetime) and value.tzinfo is None else value


def served_rows(settings: Settings, table: Table, schema: str = "batch") -> list[tuple[Any, ...]]:
    """The rows of a served table in Postgres, in the order of ind, as the analyst sees them."""
    return ask(settings, f"SELECT * FROM {schema}.{SERVED[table]} ORDER BY ind")  # noqa: S608 - our own names


def ask(settings: Settings, sql: str) -> list[tuple[Any, ...]]:
    """The answer of the served database to the analyst."""
    with closing(postgres_connection(settings, "analyst")) as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchall()


def decoded(values: dict[Position, bytes], topic: str) -> list[dict[str, Any]]:
    """The JSON objects of a topic's records."""
    return [json.loads(value) for (name, _, _), value in values.items() if name == topic]
