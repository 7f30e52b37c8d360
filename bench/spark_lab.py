"""Spark for benchmarks: generated posts, a session, its JVM, and rounds in turns."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from pyspark.sql import DataFrame, SparkSession

from services.source.generator import generate
from spark_jobs.session.spark import spark_session
from stack.local.isolated import make_settings

FILES = 8
ROUNDS = 5


def write_posts(folder: Path, rows: int) -> int:
    """The generator's posts as lines of JSON, in FILES files; their size in bytes."""
    encoder = msgspec.json.Encoder()
    files = [(folder / f"{number}.txt").open("wb") for number in range(FILES)]
    blocks = enumerate(generate("pin", rows, seed=42))
    size = sum(files[number % FILES].write(encoder.encode_lines(block)) for number, block in blocks)
    for file in files:
        file.close()
    return size


def session(state_dir: Path) -> SparkSession:
    """The jobs' own, in a time zone that is not UTC, and a task for each of the files."""
    spark = spark_session(make_settings(state_dir), "bench")
    spark.conf.set("spark.sql.session.timeZone", "Asia/Kathmandu")
    spark.conf.set("spark.sql.files.maxPartitionBytes", "128m")
    return spark


def jvm(spark: SparkSession) -> int:
    """Return the id of the session's JVM, a process of this one."""
    gateway: Any = spark.sparkContext._gateway
    pid: int = gateway.proc.pid
    return pid


def drain(rows: DataFrame) -> None:
    """Compute every column of every row, and write none."""
    rows.write.format("noop").mode("overwrite").save()


def best_of_rounds(tasks: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Seconds of each task; they take turns, so that a busy moment does not fall on one of them alone."""
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            start = time.perf_counter()
            task()
            seconds[name].append(time.perf_counter() - start)
    return {name: min(measured) for name, measured in seconds.items()}
