"""The batch job without its servers, on a few posts: `python -m stack.cds_training`.

Set-up and the image build archive the classes that Spark loads for it (stack.local.archive).
"""

from collections.abc import Iterator
from tempfile import TemporaryDirectory

import msgspec
import pyarrow as pa
from pyspark import SparkContext
from pyspark.sql import SparkSession

from common.settings import Settings, load_settings
from contracts.tables import Table
from services.source.generator import generate
from spark_jobs.batch import staging
from spark_jobs.readers.landing_zone import to_records
from spark_jobs.schemas import kinds, landed
from spark_jobs.session.spark import spark_session
from spark_jobs.sinks import delta
from spark_jobs.sinks.delta_writers import SparkWriter

# The widest one; the others make Spark load nearly the same classes.
_TABLE: Table = "pin"
_POSTS = 100


def main() -> None:
    """Run the training, and wait until the JVM has ended, which is when it writes the archive."""
    settings = load_settings().replace(SPARK_MASTER="local[2]")
    spark = spark_session(settings, "cds-training", brief=True)
    _open_bucket(spark, settings)
    with TemporaryDirectory() as folder:
        _train(spark, folder)
    spark.stop()
    _end_jvm()


def _end_jvm() -> None:
    """Close its input, at which it ends, and wait."""
    gateway = SparkContext._gateway
    assert gateway is not None  # noqa: S101 - there was a session
    gateway.shutdown()
    gateway.proc.stdin.close()
    gateway.proc.wait()


def _open_bucket(spark: SparkSession, settings: Settings) -> None:
    """Load S3's client; it asks the server nothing yet."""
    jvm = spark._jvm
    assert jvm is not None  # noqa: S101 - only a remote session has none
    path = jvm.org.apache.hadoop.fs.Path(delta.location(settings, _TABLE))
    path.getFileSystem(spark.sparkContext._jsc.hadoopConfiguration())


def _train(spark: SparkSession, folder: str) -> None:
    """Do what `table_run` does with a table's new records: into a new Delta table, and into one that is there."""
    body = b"".join(map(msgspec.json.Encoder().encode_lines, generate(_TABLE, _POSTS, seed=0)))
    row = {"topic": _TABLE, "partition": 0, "start": 0, "key": _TABLE, "end": _POSTS}
    expected = kinds(_TABLE)

    def read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for _ in batches:
            yield to_records(row, body, expected)

    records = spark.range(1, numPartitions=1).mapInArrow(read, landed(_TABLE))
    staged = staging.stage(records, _TABLE)
    staging.tally(staged)
    rows, _ = staging.latest(staging.accepted(staged))
    writer = SparkWriter()
    writer.replace(rows, folder)
    writer.merge(rows, folder)


if __name__ == "__main__":
    main()
