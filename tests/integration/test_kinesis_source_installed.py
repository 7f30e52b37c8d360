"""The Kinesis source's wheel in an environment of its own: pyspark, boto3, what these require, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from common.settings import ROOT, Settings
from tests.integration.kinesis_lab import Stream, source_options

UV = Path(sys.executable).with_name("uv")
# Of its own start and a stream of two micro-batches: 12 s where nothing else runs.
PROGRAM_SECONDS = 180
PROGRAM = """
import json, sys
from importlib.metadata import distributions

from pyspark.sql import SparkSession
from pyspark_kinesis_source import KinesisDataSource

folder, options = sys.argv[1], json.loads(sys.argv[2])
spark = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
spark.dataSource.register(KinesisDataSource)
records = spark.readStream.format("kinesis").options(**options).load()
query = (
    records.selectExpr("cast(data as string)")
    .writeStream.format("text")
    .option("checkpointLocation", f"{folder}/checkpoint")
    .trigger(availableNow=True)
    .start(f"{folder}/read")
)
query.awaitTermination()
spark.stop()
print(json.dumps(sorted(each.name for each in distributions())))
"""


def closure(name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """A distribution's own name and those of all that it requires here, from the installed metadata."""
    found: set[str] = set()
    waiting = {(name, extras)}
    while waiting:
        each, wanted = waiting.pop()
        found.add(each)
        required = map(Requirement, distribution(each).requires or [])
        waiting |= {
            (one.name, frozenset(one.extras))
            for one in required
            if (one.name not in found or one.extras)
            and (one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in {"", *wanted}))
        }
    return found


def link(name: str, packages: Path) -> None:
    """Make an installed distribution one of another environment: its code as links, what describes it as a copy.

    uv takes links for no description.
    """
    installed = distribution(name)
    for top in {file.parts[0] for file in installed.files or []} - {"..", "__pycache__"}:
        here, there = Path(str(installed.locate_file(top))), packages / top
        if top.endswith(".dist-info"):
            shutil.copytree(here, there)
        else:
            there.symlink_to(here)


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that the wheel is installed into; its requirements are those that are installed here."""
    folder = tmp_path_factory.mktemp("kinesis-source")
    subprocess.run(
        [
            UV,
            "build",
            "--quiet",
            "--wheel",
            "--offline",
            "--no-cache",
            "--out-dir",
            folder,
            ROOT / "kinesis-source",
        ],
        check=True,
    )
    venv, (wheel,) = folder / "venv", folder.glob("*.whl")
    python = venv / "bin" / "python"
    subprocess.run([UV, "venv", "--quiet", "--no-project", "--python", sys.executable, venv], check=True)
    (packages,) = venv.glob("lib/python*/site-packages")
    for name in closure("pyspark", frozenset({"sql"})) | closure("boto3"):
        link(name, packages)
    install: list[str | Path] = [
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
        "--no-deps",
        "--offline",
        "--no-cache",
        wheel,
    ]
    subprocess.run(install, check=True)
    return venv


def test_its_requirements_are_met_by_pyspark_and_boto3(environment: Path) -> None:
    subprocess.run([UV, "pip", "check", "--python", environment / "bin" / "python"], check=True)


def test_a_stream_is_read_with_nothing_of_ours(
    localstack: Settings, environment: Path, tmp_path: Path
) -> None:
    stream = Stream(localstack, shards=2)
    stream.put(range(300))
    options = source_options(localstack, stream.name, initialPosition="trim_horizon")
    done = subprocess.run(
        [environment / "bin" / "python", "-I", "-c", PROGRAM, tmp_path, json.dumps(options)],
        cwd=tmp_path,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "NO_PROXY": "127.0.0.1",
            "PYSPARK_PYTHON": str(environment / "bin" / "python"),
        },
        capture_output=True,
        text=True,
        timeout=PROGRAM_SECONDS,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    installed = {name.lower() for name in json.loads(done.stdout.splitlines()[-1])}
    assert {"pyspark-kinesis-source", "pyspark", "boto3"} < installed
    assert not installed & {"structlog", "pydantic", "pytest", "delta-spark"}
    lines = [line for part in tmp_path.glob("read/*.txt") for line in part.read_text().splitlines()]
    assert sorted(map(int, lines)) == list(range(300))
