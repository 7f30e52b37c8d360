"""Measure the tricks of docs/adr/ against their plain forms, which take turns in one run.

Spark alone: no running stack is needed. Numbers are those of the records in docs/adr/.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from unittest import mock

import msgspec
import psutil
import pyarrow as pa
import typer
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from bench.ingest import in_process
from bench.report import Row, report
from bench.spark_lab import best_of_rounds, drain, session, write_posts
from common.settings import SPARK_ARCHIVE
from contracts.tables import TABLES
from services.source.generator import generate
from spark_jobs.cleaning import classify, clean_pin
from spark_jobs.session.spark import spark_session
from spark_jobs.streaming.speed import of_table, validate
from stack.local.isolated import make_settings

POSTS = 11_154  # as the course's data have
STREAMS = {table: f"streaming-bench-{table}" for table in TABLES}
BATCHES, PER_BATCH = 25, 50  # micro-batches, and records of each stream in one: a second's at 50 posts/s
WARM = 5  # micro-batches that are not counted
STREAMED = "stream string, shard string, sequence_number string, partition_key string, value string"
ROUNDS = 3


def main(
    posts: Annotated[int, typer.Option(help="Posts that are cleaned.")] = 300_000,
    write: Annotated[bool, typer.Option(help="Put the figures into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print: the trick, with its plain form as the baseline."""
    report(
        "Decisions against their plain forms",
        [*parse_rows(posts), *archive_rows(), *stream_rows()],
        packages=("pyspark", "delta-spark"),
        write=write,
    )


def parse_rows(posts: int) -> list[Row]:
    """Record 2: each record is parsed once, and text after a value is refused without Python."""
    with TemporaryDirectory() as folder, TemporaryDirectory() as state_dir:
        write_posts(Path(folder), posts)
        spark = session(Path(state_dir))
        records = spark.read.text(folder)
        seconds = best_of_rounds(
            {
                "steps": lambda: drain(accepted(records)),
                "inlined": lambda: inlined(spark, lambda: drain(accepted(records))),
                "digest": lambda: drain(clean_pin(records)),
                "python": lambda: drain(clean_pin(records.mapInArrow(only_json, records.schema))),
            }
        )
        spark.stop()
    return [
        row("2: steps and a barrier; plain: one projection", seconds["steps"], seconds["inlined"]),
        row("2: one JSON value, by digest; plain: asked of Python", seconds["digest"], seconds["python"]),
    ]


def row(what: str, value: float, baseline: float, unit: str = "s") -> Row:
    """A figure of which less is better."""
    return Row(what, value, unit, baseline, better="lower")


def accepted(records: DataFrame) -> DataFrame:
    """The cleaned rows as a caller of `classify` takes them."""
    return classify(records, "pin").where(fn.size("reasons") == 0).select("row.*")


def inlined(spark: SparkSession, task: Callable[[], object]) -> None:
    """Run the task with each column's expression put wherever the column is used."""
    name = "spark.sql.optimizer.collapseProjectAlwaysInline"
    spark.conf.set(name, "true")
    try:
        task()
    finally:
        spark.conf.unset(name)


def only_json(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The lines that are one JSON value each."""
    decoder = msgspec.json.Decoder(msgspec.Raw)

    def is_json(text: str) -> bool:
        try:
            decoder.decode(text)
        except msgspec.DecodeError:
            return False
        return True

    for batch in batches:
        yield batch.filter(pa.array([is_json(text) for text in batch.column(0).to_pylist()]))


def archive_rows() -> list[Row]:
    """Record 5: a small batch in a fresh process, with and without the archive of Spark's classes."""
    figures: dict[bool, list[tuple[float, ...]]] = {True: [], False: []}
    for _ in range(ROUNDS):
        for archived, measured in figures.items():
            measured.append(in_process(small_batch, archived))
    trick, plain = (list(map(statistics.median, zip(*figures[kind], strict=True))) for kind in (True, False))
    return [
        row("5: a session's start, with the archive of classes", trick[0], plain[0]),
        row("5: start, and a batch of 11,154 posts", trick[1], plain[1]),
        row("5: memory of its own of the JVM", trick[2], plain[2], "MiB"),
    ]


def small_batch(archived: bool) -> tuple[float, float, float]:
    """Return the seconds of a session's start, those until a batch is written, and the JVM's private MiB."""
    archive = SPARK_ARCHIVE if archived else Path("/nowhere")
    with TemporaryDirectory() as folder, mock.patch("spark_jobs.session.spark.SPARK_ARCHIVE", archive):
        begin = time.perf_counter()
        spark = spark_session(make_settings(Path(folder)), "bench", brief=True)
        started = time.perf_counter() - begin
        lines = Path(folder, "posts.txt")
        lines.write_bytes(b"".join(map(msgspec.json.Encoder().encode_lines, generate("pin", POSTS, seed=42))))
        classify(spark.read.text(str(lines)), "pin").write.format("delta").save(f"{folder}/table")
        done = time.perf_counter() - begin
        children = psutil.Process().children(recursive=True)
        memory = sum(child.memory_full_info().uss for child in children if "java" in child.name())
        spark.stop()
    return started, done, memory / 2**20


def stream_rows() -> list[Row]:
    """Record 6: one plan cleans a micro-batch of three streams, or a plan for each of them."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        write_micro_batches(folder / "in")
        spark = spark_session(make_settings(folder / "state"), "bench", streaming=False)
        source = spark.readStream.schema(STREAMED).option("maxFilesPerTrigger", 1).json(str(folder / "in"))
        forms = {"one": (validate(source, STREAMS), one_plan), "three": (source, plan_a_table)}
        seconds: dict[str, list[float]] = {form: [] for form in forms}
        for number in range(ROUNDS):
            for form, (frame, process) in forms.items():
                seconds[form] += micro_batches(frame, process, folder / f"{form}-{number}")
        spark.stop()
    one, three = (statistics.median(seconds[form]) for form in ("one", "three"))
    return [row("6: a micro-batch of 150 records; plain: a plan for each table", one, three)]


def write_micro_batches(folder: Path) -> None:
    """Write BATCHES files of PER_BATCH records of each stream, as the Kinesis source gives them."""
    folder.mkdir()
    encoder = msgspec.json.Encoder()
    rows = {
        table: [row for block in generate(table, BATCHES * PER_BATCH, seed=42) for row in block]
        for table in TABLES
    }
    for start in range(0, BATCHES * PER_BATCH, PER_BATCH):
        records = [
            {
                "stream": STREAMS[table],
                "shard": "0",
                "sequence_number": str(number),
                "partition_key": "1",
                "value": encoder.encode(rows[table][number]).decode(),
            }
            for table in TABLES
            for number in range(start, start + PER_BATCH)
        ]
        (folder / f"{start:05}.json").write_bytes(encoder.encode_lines(records))


def one_plan(checked: DataFrame, _batch: int) -> None:
    """Take the checked records into the driver, and from there each table's."""
    arrived = checked.toArrow()
    for table, stream in STREAMS.items():
        of_table(arrived, table, stream)


def plan_a_table(records: DataFrame, _batch: int) -> None:
    """Clean the records of each table by a plan of its own."""
    records.persist()
    for table, stream in STREAMS.items():
        classify(records.where(fn.col("stream") == stream), table).toArrow()
    records.unpersist()


def micro_batches(
    frame: DataFrame, process: Callable[[DataFrame, int], None], checkpoint: Path
) -> list[float]:
    """Return the seconds of each micro-batch but the first ones."""
    writer = frame.writeStream.foreachBatch(process).option("checkpointLocation", str(checkpoint))
    query = writer.trigger(availableNow=True).start()
    query.awaitTermination()
    taken = [
        one["durationMs"]["triggerExecution"] / 1000 for one in query.recentProgress if one["numInputRows"]
    ]
    return taken[WARM:]


if __name__ == "__main__":
    typer.run(main)
