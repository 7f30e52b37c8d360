"""The two ways of a run's records once each has its verdict: on Spark's workers, or in this process.

Both come to the same (docs/adr/0020-a-small-runs-records-are-held.md).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import pyarrow as pa
from pyspark.sql import DataFrame

from contracts.tables import Table
from spark_jobs.batch import held, staging
from spark_jobs.batch.tally import Tally
from spark_jobs.sinks.delta_writers import DeltaWriter, LocalWriter, SparkWriter

Rows = TypeVar("Rows")


@dataclass(frozen=True)
class Way(Generic[Rows]):
    """The steps of a run after the verdicts. `Rows` is what it has records as.

    Attributes:
        stage: records (`staging.read`) -> the same with their verdicts (`staging.checked`), where the others find them.
        tally: counts them.
        latest: -> the latest accepted row per ind, with its place, and how many others there were.
        quarantined: -> the rejected ones: `topic, partition, offset, reasons, raw`.
        together: rows of the same columns -> all of them.
        writer: brings rows into Delta tables.
    """

    stage: Callable[[DataFrame, Table], Rows]
    tally: Callable[[Rows], Tally]
    latest: Callable[[Rows], tuple[Rows, int]]
    quarantined: Callable[[Rows], Rows]
    together: Callable[[Sequence[Rows]], Rows]
    writer: DeltaWriter[Rows]


def spread() -> Way[DataFrame]:
    """For any number of records: they stay on the disks of Spark's workers."""
    return Way(
        staging.stage,
        staging.tally,
        staging.latest_accepted,
        staging.quarantined,
        staging.together,
        SparkWriter(),
    )


def in_process(options: dict[str, str] | None) -> Way[pa.Table]:
    """For a few records, which this process holds; `options` say how the tables' storage is reached."""
    return Way(
        held.stage,
        held.tally,
        held.latest_accepted,
        held.quarantined,
        pa.concat_tables,
        LocalWriter(options),
    )
