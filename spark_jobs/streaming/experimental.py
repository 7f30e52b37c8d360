"""Records of Kafka's topic pinterest-streaming -> `experimental_data`, one row for each."""

from typing import TYPE_CHECKING

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as fn

from spark_jobs.cleaning import classify
from spark_jobs.cleaning.rules import pin_downloaded
from spark_jobs.sinks.copying import Target, create_staging, stage, upsert
from spark_jobs.streaming.progress import ProgressTable

if TYPE_CHECKING:
    from psycopg2.extensions import cursor as PostgresCursor  # noqa: N812

_PLACE = ("topic", "partition", "offset")
_CLEANED = ("category", "follower_count", "downloaded")
_DATA = Target("public", "experimental_data", (*_CLEANED, *_PLACE), key=_PLACE)


class ExperimentalRows:
    """The sink of the topic in the database `pinterest_streaming`."""

    quarantine = Target("public", "experimental_quarantine", (*_PLACE, "reasons", "raw"), _PLACE)
    progress = ProgressTable("public", "experimental")

    def prepare(self, cursor: "PostgresCursor") -> None:
        """Make the table in which the rows wait; it is empty at each transaction's start."""
        create_staging(cursor, _DATA)

    def of(self, checked: pa.Table) -> pa.Table:
        """All of the checked records."""
        return checked

    def store(self, cursor: "PostgresCursor", accepted: pa.Table) -> int:
        """Bring them in; returns how many. Those of offsets that are there already stay one row."""
        stage(cursor, _DATA, accepted)
        cursor.execute(upsert(_DATA, _DATA.staging))
        return len(accepted)


def validate(records: DataFrame) -> DataFrame:
    """Records as `from_kafka` gives them, checked and cleaned as posts: place, `reasons`, `warnings`, data, `raw`."""
    return classify(records, "pin", _CLEANED, pin_downloaded()).select(
        *_PLACE,
        "reasons",
        fn.size("warnings").alias("warnings"),
        fn.when(fn.size("reasons") > 0, fn.col("value")).alias("raw"),
        *(f"row.{name}" for name in _CLEANED),
    )
