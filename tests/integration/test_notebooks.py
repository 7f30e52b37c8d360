"""Notebooks against the real S3 and Kinesis: the worked example, from mount to answers, and how a run ends."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest

from common.clients import kinesis_client, s3_client
from common.settings import ROOT, Settings
from contracts.landing import object_key
from contracts.tables import TABLES, Table
from services.provision.bucket import ensure_bucket
from services.provision.streams import ensure_streams
from services.source.generator import generate
from tests.nine_answers import nine_answers
from tests.plain_cleaning import CLEAN
from workspace.folders import secrets_folder

POSTS, STREAMED = 1_500, 100
# A session's start takes 10 s, the three notebooks a minute, on two idle cores; ten times that on a busy machine.
RUN_SECONDS = 700
pytestmark = pytest.mark.timeout(RUN_SECONDS + 100)  # the first test waits for LocalStack, too
SECRET = "correct horse battery"

ANSWERS = """# Databricks notebook source
# MAGIC %run /batch

# COMMAND ----------

import json
answers = {number: [list(row) for row in spark.table(f"answer_{number}").collect()] for number in range(1, 10)}
print("ANSWERS", json.dumps(answers))
"""
STREAMS = """# Databricks notebook source
# MAGIC %run /Users/somebody@example.org/streaming

# COMMAND ----------

keys = {query.name: spark.read.load(f"/notebooks/{user_id}_{query.name}").select("ind").collect() for query in queries}
dbutils.notebook.exit({name: sorted(row.ind for row in rows) == list(range(100)) for name, rows in keys.items()})
"""
FAILS = """# Databricks notebook source
word = dbutils.secrets.get("mine", "word")
print("the word is", word)

# COMMAND ----------

raise ValueError(f"not {word}")
"""
LOOPS = """# Databricks notebook source
print("it begins")
spark.range(1 << 50).selectExpr("max(id % 7)").collect()
"""


@dataclass(frozen=True)
class Done:
    """A run: its status and what it printed."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="module")
def localstack(localstack: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return LocalStack with a bucket, streams and a workspace of this file's own."""
    return localstack.replace(USER_ID="notebooks", STATE_DIR=tmp_path_factory.mktemp("state"))


@pytest.fixture(scope="module")
def service_env(localstack: Settings) -> dict[str, str]:
    """Return the environment of a process that works there."""
    return localstack.environment()


@pytest.fixture(scope="module")
def sent(localstack: Settings) -> dict[Table, list[Any]]:
    """Land the source's rows, and put the first of them into the streams; return them."""
    ensure_bucket(localstack)
    ensure_streams(localstack)
    rows = {table: [row for block in generate(table, POSTS, seed=7) for row in block] for table in TABLES}
    for table in TABLES:
        _send(localstack, table, [msgspec.json.encode(row) for row in rows[table]])
    return rows


def _send(settings: Settings, table: Table, lines: list[bytes]) -> None:
    for start in range(0, len(lines), 500):
        key = object_key(settings.topic(table), 0, start)
        body = b"".join(line + b"\n" for line in lines[start : start + 500])
        s3_client(settings).put_object(Bucket=settings.bucket, Key=key, Body=body)
    records = [{"Data": line, "PartitionKey": str(key)} for key, line in enumerate(lines[:STREAMED])]
    answer = kinesis_client(settings).put_records(StreamName=settings.stream(table), Records=records)  # type: ignore[arg-type]
    assert answer["FailedRecordCount"] == 0


@pytest.fixture(scope="module")
def done(
    localstack: Settings,
    service_env: dict[str, str],
    sent: dict[Table, list[Any]],  # noqa: ARG001 - it has been sent
    tmp_path_factory: pytest.TempPathFactory,
) -> Done:
    """Run a folder of notebooks, which take the example's from another folder, in one process."""
    folder = tmp_path_factory.mktemp("notebooks")
    for name, text in {"1_answers": ANSWERS, "2_fails": FAILS, "3_streams": STREAMS}.items():
        (folder / f"{name}.py").write_text(text)
    secret = secrets_folder(localstack) / "mine" / "word"
    secret.parent.mkdir(parents=True)
    secret.write_text(SECRET)
    command = [str(folder), f"user_id={localstack.user_id}", "--workspace", str(ROOT / "notebooks")]
    ended = subprocess.run(
        [sys.executable, "-m", "workspace.run", *command],
        cwd=ROOT,
        env=service_env,
        capture_output=True,
        text=True,
        timeout=RUN_SECONDS,
        check=False,
    )
    return Done(ended.returncode, ended.stdout, ended.stderr)


def test_worked_example_gives_the_nine_answers(done: Done, sent: dict[Table, list[Any]]) -> None:
    cleaned: dict[str, Any] = {
        table: [CLEAN[table](msgspec.structs.asdict(row)) for row in sent[table]] for table in TABLES
    }
    expected = nine_answers(cleaned["pin"], cleaned["geo"], cleaned["user"])
    found = re.search(r"^ANSWERS (.*)$", done.out, re.M)
    assert found, done.out + done.err
    answers = {int(number): sorted(map(tuple, rows)) for number, rows in json.loads(found[1]).items()}
    assert answers == {number: sorted(rows) for number, rows in expected.items()}


def test_worked_example_writes_what_is_in_the_streams(done: Done) -> None:
    assert "Ended with the value {'pin': True, 'geo': True, 'user': True}" in done.out, done.err
    for name in ("pin", "geo", "user"):
        assert f"{name}: {STREAMED} rows read; stopped, since the notebook has ended." in done.out


def test_failing_notebook_gives_status_1_and_the_others_run(done: Done) -> None:
    assert done.status == 1
    assert "2 of 3 notebooks ran to their end." in done.out
    assert "2_fails.py, cell 2 failed.\n  2_fails.py, cell 2, line 7 of the file:" in done.err


def test_secret_is_hidden_in_output_and_error(done: Done) -> None:
    assert "the word is [REDACTED]" in done.out
    assert "ValueError: not [REDACTED]" in done.err
    assert SECRET not in done.out + done.err


@pytest.fixture
def looping(
    service_env: dict[str, str],
    sent: dict[Table, list[Any]],  # noqa: ARG001 - as above
    tmp_path: Path,
) -> Iterator[subprocess.Popen[str]]:
    """Start a notebook whose cell does not end."""
    path = tmp_path / "loops.py"
    path.write_text(LOOPS)
    with subprocess.Popen(
        [sys.executable, "-m", "workspace.run", str(path)],
        cwd=ROOT,
        env=service_env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        yield process
        process.kill()


def test_ctrl_c_ends_a_run_that_waits_for_spark(looping: subprocess.Popen[str]) -> None:
    assert looping.stdout
    assert any("it begins" in line for line in looping.stdout)
    looping.send_signal(signal.SIGINT)
    _, errors = looping.communicate(timeout=RUN_SECONDS)
    assert looping.returncode == 130
    assert "Interrupted." in errors
    # No traceback but that of a worker of Spark's which was writing when the JVM left: its own, and at times.
    places = re.findall(r'File "([^"]+)"', errors)
    assert [place for place in places if not place.endswith("pyspark/daemon.py")] == []
