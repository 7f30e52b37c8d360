"""Test which way a run's records go: through this process where they are few and it has the memory, else Spark's."""

from pathlib import Path
from unittest import mock

import pytest

from common.batch_progress import Progress
from spark_jobs.batch.landing import LandedObject
from spark_jobs.batch.plan import Plan
from spark_jobs.batch.run import way
from spark_jobs.sinks.delta_writers import LocalWriter, SparkWriter
from stack.local.isolated import make_settings

MIB = 1024**2


@pytest.mark.parametrize(
    ("master", "size", "writer"),
    [
        ("local[*]", 1, LocalWriter),
        ("local[2]", 63 * MIB, LocalWriter),
        ("local[*]", 64 * MIB, SparkWriter),
        ("spark://spark-master:7077", 1, SparkWriter),
    ],
)
def test_rows_are_written_where_there_is_room_for_them(
    tmp_path: Path, master: str, size: int, writer: type
) -> None:
    landed = mock.Mock(spec=LandedObject, size=size)
    plan = Plan("incremental", {"pin": [landed]}, Progress(), replace=False)
    assert type(way(make_settings(tmp_path, SPARK_MASTER=master), plan).writer) is writer
