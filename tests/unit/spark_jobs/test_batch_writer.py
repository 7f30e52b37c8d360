"""Test who writes a run's rows: delta-rs where they are few and the driver has the memory, else Spark."""

from pathlib import Path
from unittest import mock

import pytest

from common.batch_progress import Progress
from spark_jobs.batch.landing import LandedObject
from spark_jobs.batch.plan import Plan
from spark_jobs.batch.run import writer
from spark_jobs.sinks.delta_writers import LocalWriter, SparkWriter
from stack.local.isolated import make_settings

MIB = 1024**2


@pytest.mark.parametrize(
    ("master", "size", "way"),
    [
        ("local[*]", 1, LocalWriter),
        ("local[2]", 63 * MIB, LocalWriter),
        ("local[*]", 64 * MIB, SparkWriter),
        ("spark://spark-master:7077", 1, SparkWriter),
    ],
)
def test_rows_are_written_where_there_is_room_for_them(
    tmp_path: Path, master: str, size: int, way: type
) -> None:
    landed = mock.Mock(spec=LandedObject, size=size)
    plan = Plan("incremental", {"pin": [landed]}, Progress(), replace=False)
    assert type(writer(make_settings(tmp_path, SPARK_MASTER=master), plan)) is way
