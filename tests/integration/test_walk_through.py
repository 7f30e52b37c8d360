"""The pages add-a-column and add-a-table, applied to a copy of the checkout, and a record sent by both paths."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from common.settings import ROOT

STEP = re.compile(r"In\s`([\w/.]+)`,\s(below|instead\sof)\s`([^`]+)`:\n\n```text\n(.*?)```", re.S)
FOLDERS = (
    "contracts",
    "common",
    "services",
    "spark_jobs",
    "operations",
    "stack",
    "emulator",
    "sql",
    "docs",
    "terraform",
)
PATHS = """
import sys
from pathlib import Path

import msgspec
import pyarrow as pa
from deltalake import DeltaTable
from pyarrow.fs import LocalFileSystem
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from contracts.tables import DECLARATIONS, KEY, TABLES
from operations.verify import rows
from services.source.generator import generate
from spark_jobs.batch import staging
from spark_jobs.readers import parquet
from spark_jobs.schemas import arrow_schema, fields
from spark_jobs.streaming import speed
from spark_jobs.streaming.delta import latest, take_in
from spark_jobs.streaming.transactions import split
from stack.local.isolated import make_settings

folder = Path(sys.argv[1])
spark = SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").getOrCreate()
sent = {table: msgspec.json.encode(next(generate(table, 1, 42))[0]).decode() for table in TABLES}

landed = "topic string, partition int, start bigint, lines bigint, offset bigint, value string"
of_batch, of_speed = {}, {}
for table, value in sent.items():
    records = spark.createDataFrame([(table, 0, 0, 1, 0, value)], landed)
    plain = records.withColumn("plain", fn.lit(None).cast(fields(table)))
    stored = staging.latest(staging.accepted(staging.stage(plain, table)))[0].toArrow()
    of_batch[table] = rows.comparable(stored, table).to_pylist()[0]

kinesis = (
    "stream string, shard string, sequence_number string, partition_key string, arrived_at timestamp, value string"
)
records = spark.createDataFrame(
    [(table, "0", "1", "0", None, value) for table, value in sent.items()], kinesis
).withColumn("arrived_at", fn.timestamp_seconds(fn.lit(1_600_000_000)))
validated = speed.validate(records, {table: table for table in TABLES}).toArrow()
for table in TABLES:
    accepted, _ = split(speed.of_table(validated, table, table))
    made = latest(accepted).select([*DECLARATIONS[table].names, *speed.PLACE])
    take_in(str(folder / table), None, made, (KEY,))
    files = [path.removeprefix("file://") for path in DeltaTable(str(folder / table)).file_uris()]
    declared = arrow_schema(table)
    stored = parquet.dataset(files, LocalFileSystem(), declared).to_table(columns=declared.names)
    of_speed[table] = rows.comparable(stored, table).to_pylist()[0]

batch = {table: {name: row[name] for name in rows.comparable_names(table)} for table, row in of_batch.items()}
print(msgspec.json.encode({"sent": sent, "batch": batch, "speed": of_speed}).decode())
"""


def _apply(page: str, checkout: Path) -> None:
    """Do what the page's steps say."""
    steps = STEP.findall((ROOT / "docs" / "how-to" / page).read_text(encoding="utf-8"))
    assert steps
    for name, where, anchor, code in steps:
        path = checkout / name
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        [found] = [number for number, line in enumerate(lines) if line.strip() == anchor]
        lines[found : found + 1] = [lines[found], code] if where == "below" else [code]
        path.write_text("".join(lines), encoding="utf-8")


def _run(checkout: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(checkout)}
    done = subprocess.run(
        [sys.executable, *command], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the checkout in which both pages have been followed."""
    copy = tmp_path_factory.mktemp("checkout")
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    (copy / "tests").mkdir()
    for name in ("__init__.py", "processes.py", "servers.py"):
        shutil.copy(ROOT / "tests" / name, copy / "tests")
    for name in (".env.example", "docker-compose.yml"):
        shutil.copy(ROOT / name, copy)
    _apply("add-a-column.md", copy)
    _apply("add-a-table.md", copy)
    _run(copy, "-m", "stack.derived")
    return copy


def test_what_is_derived_has_the_column_and_the_table(checkout: Path) -> None:
    assert "`board_name` VARCHAR(255)" in (checkout / "sql" / "mysql" / "pinterest_data.sql").read_text()
    assert "CREATE TABLE comment_data (" in (checkout / "sql" / "mysql" / "comment_data.sql").read_text()
    documented = (checkout / "docs" / "contracts.md").read_text(encoding="utf-8")
    assert "category, board_name |" in documented
    assert "| `batch.comments` | ind integer (key), author, comment |" in documented


def test_a_record_of_each_table_comes_out_of_both_paths_alike(checkout: Path, tmp_path: Path) -> None:
    found = json.loads(_run(checkout, "-c", PATHS, str(tmp_path)).splitlines()[-1])
    assert found["batch"] == found["speed"]
    pin, comment = (json.loads(found["sent"][table]) for table in ("pin", "comment"))
    assert found["batch"]["pin"]["board_name"] == pin["board_name"] == f"{pin['category']} ideas"
    assert found["batch"]["comment"] == comment
