"""The run's records, judged once and kept on local disk: every later step reads them from there."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pyspark import StorageLevel
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as fn

from services.common.clients import aws_options
from services.common.settings import Settings, Table
from spark_jobs.accounts import ObjectCount
from spark_jobs.cleaning import REASONS, WARNINGS, classify
from spark_jobs.landing import LandedObject
from spark_jobs.landing_reader import RECORDS, read_objects
from spark_jobs.schemas import KEY

# A task's bytes: tens of tasks for a million posts, each some seconds long, each one file of the Delta table.
_TASK_BYTES = 64 * 1024**2


def read(spark: SparkSession, settings: Settings, objects: Sequence[LandedObject]) -> DataFrame:
    """The objects' records: columns of RECORDS."""
    rows = [asdict(each) for each in objects]
    size = sum(each.size for each in objects)
    tasks = max(size // _TASK_BYTES, min(len(rows), spark.sparkContext.defaultParallelism))
    shares = [rows[task * len(rows) // tasks : (task + 1) * len(rows) // tasks] for task in range(tasks)]
    numbers = spark.range(tasks, numPartitions=tasks)
    return numbers.mapInArrow(read_objects(aws_options(settings), settings.bucket, shares), RECORDS)


def mend(records: DataFrame, mended: DataFrame) -> DataFrame:
    """The records, with the text that one was mended to (`make replay`) in the place of the one that landed.

    Args:
        mended: columns `topic, partition, offset, landed, mended`; `landed` as Postgres shows it, by which a record of
            another time at the same place (a topic made anew) is known.
    """
    as_shown = fn.replace(fn.col("value"), fn.lit("\0"), fn.lit(r"\x00"))
    text = fn.coalesce(fn.when(as_shown == fn.col("landed"), fn.col("mended")), fn.col("value"))
    joined = records.join(fn.broadcast(mended), ["topic", "partition", "offset"], "left")
    return joined.select(*(text.alias(name) if name == "value" else name for name in records.columns))


def stage(records: DataFrame, table: Table) -> DataFrame:
    """The records with the verdict on each (`cleaning.classify`), on the disks of Spark's workers.

    A local checkpoint holds the rows as they are: six times cheaper than a cache in columns, and a third of
    a shuffle for the duplicates. If a worker's disk is lost, the run fails and is repeated.
    """
    judged = classify(records, table)
    raw = fn.when(fn.size("reasons") > 0, fn.col("value"))
    return judged.withColumn("value", raw).localCheckpoint(eager=True, storageLevel=StorageLevel.DISK_ONLY)


@dataclass(frozen=True)
class Tally:
    """What the staged records are. A record may have several reasons."""

    objects: tuple[ObjectCount, ...]
    accepted: int
    quarantined: int
    reasons: dict[str, int]
    warnings: dict[str, int]


def tally(staged: DataFrame) -> Tally:
    """Count the staged records, in one pass."""
    codes = {f"reasons {code}": fn.array_contains("reasons", code) for code in REASONS}
    codes |= {f"warnings {code}": fn.array_contains("warnings", code) for code in WARNINGS}
    rows = (
        staged.groupBy("partition", "start", "lines")
        .agg(
            fn.count("*").alias("records"),
            fn.min("offset").alias("first"),
            fn.max("offset").alias("last"),
            fn.count_if(fn.size("reasons") > 0).alias("quarantined"),
            *(fn.count_if(found).alias(code) for code, found in codes.items()),
        )
        .collect()
    )
    objects = tuple(ObjectCount(*(row[name] for name in ObjectCount.__match_args__)) for row in rows)
    quarantined = sum(row["quarantined"] for row in rows)
    totals = {code: sum(row[code] for row in rows) for code in codes}
    return Tally(
        objects=objects,
        accepted=sum(each.records for each in objects) - quarantined,
        quarantined=quarantined,
        reasons=_with_prefix("reasons ", totals),
        warnings=_with_prefix("warnings ", totals),
    )


def _with_prefix(prefix: str, totals: dict[str, int]) -> dict[str, int]:
    found = {code: count for code, count in totals.items() if count and code.startswith(prefix)}
    return {code.removeprefix(prefix): count for code, count in found.items()}


def accepted(staged: DataFrame) -> DataFrame:
    """The cleaned rows, with where each came from: `source_partition int, source_offset bigint`."""
    return staged.where(fn.size("reasons") == 0).select(
        "row.*", fn.col("partition").alias("source_partition"), fn.col("offset").alias("source_offset")
    )


def latest(rows: DataFrame) -> tuple[DataFrame, int]:
    """The latest row per ind (highest offset, then partition), and how many others there were.

    Most runs have no others, and need not know the places: a maximum of them has all rows sorted.
    """
    surplus = _surplus(rows)
    if not surplus:
        return rows, 0
    place = fn.struct("source_offset", "source_partition")
    newest = rows.groupBy(KEY).agg(fn.count("*").alias("times"), fn.max(place).alias("latest"))
    kept = rows.join(newest.where("times > 1"), KEY, "left")
    kept = kept.where(fn.col("times").isNull() | (place == fn.col("latest")))
    return kept.drop("times", "latest"), surplus


def _surplus(rows: DataFrame) -> int:
    """How many rows there are beyond one per ind.

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
