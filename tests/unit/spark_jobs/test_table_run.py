"""Test who merges a run's rows: delta-rs where they are few and the driver has the memory, else Spark."""

from pathlib import Path
from typing import cast
from unittest import mock

import pytest

from common.batch_progress import Progress
from spark_jobs.batch.landing import LandedObject
from spark_jobs.batch.plan import Plan
from spark_jobs.batch.table_run import Context, merge
from stack.local.isolated import make_settings

MIB = 1024**2


@pytest.mark.parametrize(
    ("master", "size", "way"),
    [
        ("local[*]", 1, "merge_here"),
        ("local[2]", 63 * MIB, "merge_here"),
        ("local[*]", 64 * MIB, "merge"),
        ("spark://spark-master:7077", 1, "merge"),
    ],
)
def test_rows_are_merged_where_there_is_room_for_them(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, master: str, size: int, way: str
) -> None:
    for name in ("merge_here", "merge"):
        monkeypatch.setattr(f"spark_jobs.sinks.delta.{name}", mock.Mock(return_value=name))
    landed = mock.Mock(spec=LandedObject, size=size)
    plan = Plan("incremental", {"pin": [landed]}, Progress(), replace=False)
    settings = make_settings(tmp_path, SPARK_MASTER=master)
    context = cast("Context", mock.Mock(spec=Context, settings=settings, plan=plan))
    assert str(merge(context, mock.Mock(), "s3a://bucket/pin")) == way
