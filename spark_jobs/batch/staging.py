"""Classify a run's records once and keep them on local disk, from which every later step reads them.

The plain form is `DataFrame.cache()` (docs/adr/0003-staged-records-on-local-disk.md).
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import reduce
from itertools import groupby
from operator import attrgetter
from typing import Literal

from pyspark import StorageLevel
from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as fn

from common.clients import aws_options
from common.settings import Settings
from contracts.latest import BATCH_ORDER
from contracts.tables import KEY, Table
from spark_jobs.batch.landing import LandedObject
from spark_jobs.batch.ranges import ObjectCount
from spark_jobs.batch.tally import Tally
from spark_jobs.cleaning import PLAIN, classify
from spark_jobs.readers.landing_zone import read_objects
from spark_jobs.schemas import kinds, landed

# A task's bytes: tens of tasks for a million posts, each some seconds long, each one file of the Delta table.
_TASK_BYTES = 64 * 1024**2


def read(spark: SparkSession, settings: Settings, table: Table, objects: Sequence[LandedObject]) -> DataFrame:
    """The records of a table's objects: columns of `schemas.landed`."""
    rows = [asdict(each) for each in objects]
    size = sum(each.size for each in objects)
    tasks = max(size // _TASK_BYTES, min(len(rows), spark.sparkContext.defaultParallelism))
    shares = [rows[task * len(rows) // tasks : (task + 1) * len(rows) // tasks] for task in range(tasks)]
    numbers = spark.range(tasks, numPartitions=tasks)
    reading = read_objects(aws_options(settings), settings.bucket, kinds(table), shares)
    return numbers.mapInArrow(reading, landed(table))


def mend(records: DataFrame, mended: DataFrame) -> DataFrame:
    """The records, with the text that one was mended to (`make replay`) in the place of the one that landed.

    Args:
        mended: columns `topic, partition, offset, landed, mended`; `landed` as Postgres shows it, by which a record of
            another time at the same place (a topic made anew) is known.
    """
    as_shown = fn.replace(fn.col("value"), fn.lit("\0"), fn.lit(r"\x00"))
    is_mended = fn.coalesce(as_shown == fn.col("landed"), fn.lit(False))
    joined = records.join(fn.broadcast(mended), ["topic", "partition", "offset"], "left")
    changed = {
        "value": fn.when(is_mended, fn.col("mended")).otherwise(fn.col("value")),
        PLAIN: fn.when(~is_mended, fn.col(PLAIN)),
    }
    return joined.withColumns(changed).select(records.columns)


def checked(records: DataFrame, table: Table) -> DataFrame:
    """The records with the verdict on each (`cleaning.classify`); of an accepted one the text is left out."""
    classified = classify(records, table).drop(PLAIN)
    raw = fn.when(fn.size("reasons") > 0, fn.col("value"))
    return classified.withColumn("value", raw)


def stage(records: DataFrame, table: Table) -> DataFrame:
    """The records with the verdict on each (`checked`), on the disks of Spark's workers.

    A local checkpoint holds the rows as they are: six times cheaper than a cache in columns, and a third of
    a shuffle for the duplicates. If a worker's disk is lost, the run fails and is repeated. They are made by the first
    step that asks for them: an eager checkpoint reads all that it wrote once more, to count it.
    """
    return checked(records, table).localCheckpoint(eager=False, storageLevel=StorageLevel.DISK_ONLY)


def tally(staged: DataFrame) -> Tally:
    """Count the staged records, in one pass: a row for each object and verdict."""
    verdicts = (
        staged.groupBy("partition", "start", "lines", "reasons", "warnings")
        .agg(fn.count("*").alias("records"), fn.min("offset").alias("first"), fn.max("offset").alias("last"))
        .collect()
    )
    return Tally(
        objects=tuple(_objects(verdicts)),
        accepted=sum(each.records for each in verdicts if not each.reasons),
        quarantined=sum(each.records for each in verdicts if each.reasons),
        reasons=_by_code(verdicts, "reasons"),
        warnings=_by_code(verdicts, "warnings"),
    )


def _objects(verdicts: Sequence[Row]) -> Iterator[ObjectCount]:
    of_object = attrgetter("partition", "start", "lines")
    for (partition, start, lines), group in groupby(sorted(verdicts, key=of_object), of_object):
        each = list(group)
        yield ObjectCount(
            partition,
            start,
            lines,
            records=sum(row.records for row in each),
            first=min(row.first for row in each),
            last=max(row.last for row in each),
        )


def _by_code(verdicts: Sequence[Row], kind: Literal["reasons", "warnings"]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for row in verdicts:
        counts.update(dict.fromkeys(row[kind], row.records))
    return dict(counts)


def accepted(staged: DataFrame) -> DataFrame:
    """The cleaned rows, with where each came from: `source_partition int, source_offset bigint`."""
    return staged.where(fn.size("reasons") == 0).select(
        "row.*", fn.col("partition").alias("source_partition"), fn.col("offset").alias("source_offset")
    )


def latest(rows: DataFrame) -> tuple[DataFrame, int]:
    """Return the latest row per ind (`contracts.latest`), and how many others there were.

    Most runs have no others, and need not know the places: a maximum of them has all rows sorted.
    """
    surplus = _surplus(rows)
    if not surplus:
        return rows, 0
    place = fn.struct(*BATCH_ORDER)
    newest = rows.groupBy(KEY).agg(fn.count("*").alias("times"), fn.max(place).alias("latest"))
    kept = rows.join(newest.where("times > 1"), KEY, "left")
    kept = kept.where(fn.col("times").isNull() | (place == fn.col("latest")))
    return kept.drop("times", "latest"), surplus


def latest_accepted(staged: DataFrame) -> tuple[DataFrame, int]:
    """Return the latest accepted row per ind, and how many others there were."""
    return latest(accepted(staged))


def _surplus(rows: DataFrame) -> int:
    """Return how many rows there are beyond one per ind.

    64 neighbouring numbers share a row of the aggregate, a bit for each: as a rule they are dense, and a row for each
    number would be a shuffle of them all.
    """
    bit = fn.call_function("shiftleft", fn.lit(1).cast("bigint"), fn.col(KEY).bitwiseAND(63))
    words = rows.groupBy(fn.shiftright(KEY, 6)).agg(fn.count("*").alias("rows"), fn.bit_or(bit).alias("bits"))
    return words.agg(fn.sum(fn.col("rows") - fn.bit_count("bits"))).collect()[0][0] or 0


def quarantined(staged: DataFrame) -> DataFrame:
    """The rejected records: `topic, partition, offset, reasons, raw`."""
    return staged.where(fn.size("reasons") > 0).select(
        "topic", "partition", "offset", "reasons", fn.col("value").alias("raw")
    )


def together(parts: Sequence[DataFrame]) -> DataFrame:
    """Rows of the same columns as one."""
    return reduce(DataFrame.unionByName, parts)
