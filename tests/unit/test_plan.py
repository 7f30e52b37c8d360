"""What a run finds in the bucket to do: new objects, all of them, or the tables that an earlier version wrote."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from services.common.landing import object_key
from services.common.settings import TABLES, Settings, Table
from spark_jobs import failures, progress, summary
from spark_jobs.plan import Plan, PlanError, make_plan
from spark_jobs.progress import Position, Progress
from spark_jobs.replay import job
from spark_jobs.run import Report
from spark_jobs.steps import Steps
from tests.processes import make_settings

ALL = {table: [0, 1] for table in TABLES}


class Bucket:
    """The calls of S3 by which a plan is made."""

    exceptions = SimpleNamespace(NoSuchBucket=ClientError)

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: ARG002, N803 - boto3's names
        self.objects[Key] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: ARG002, N803
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def get_paginator(self, _: str) -> "Bucket":
        return self

    def paginate(self, Bucket: str, Prefix: str, **more: str) -> Iterator[dict[str, Any]]:  # noqa: ARG002, N803
        found = sorted(key for key in self.objects if key.startswith(Prefix))
        if "Delimiter" in more:
            folders = {Prefix + key.removeprefix(Prefix).split("/")[0] + "/" for key in found}
            yield {"CommonPrefixes": [{"Prefix": folder} for folder in sorted(folders)]}
        else:
            kept = (key for key in found if key > more["StartAfter"])
            yield {"Contents": [{"Key": key, "Size": len(self.objects[key])} for key in kept]}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings(tmp_path)


@pytest.fixture
def bucket(settings: Settings) -> Bucket:
    """Two objects of each table, the first of which an earlier run has read."""
    made = Bucket()
    for table in TABLES:
        for start in (0, 1):
            made.objects[object_key(settings.topic(table), 0, start)] = b"1\n"
    return made


def plan(bucket: Bucket, settings: Settings, tables: Sequence[Table] = TABLES) -> Plan:
    return make_plan(bucket, settings, full=False, serving=True, tables=tables)  # type: ignore[arg-type]


def read(settings: Settings) -> Progress:
    topics = map(settings.topic, TABLES)
    return Progress({topic: {0: Position(object_key(topic, 0, 0), 1)} for topic in topics})


def starts(made: Plan) -> dict[str, list[int]]:
    return {table: [each.start for each in objects] for table, objects in made.objects.items()}


def test_what_is_new_is_taken(bucket: Bucket, settings: Settings) -> None:
    progress.save(bucket, settings.bucket, read(settings))  # type: ignore[arg-type]
    made = plan(bucket, settings, tables=("geo",))
    assert (made.mode, starts(made), made.replace) == ("incremental", {"geo": [1]}, False)


def outdate(bucket: Bucket, settings: Settings, *, replacing: bool = False) -> None:
    """Leave the progress as an earlier version wrote it, which knew of no form."""
    fields = msgspec.to_builtins(read(settings)) | {"replacing": replacing}
    del fields["form"]
    bucket.objects[progress.KEY] = msgspec.json.encode(fields)


@pytest.mark.parametrize("tables", [TABLES, ("geo",)])
def test_tables_of_an_earlier_version_are_all_rebuilt_over_what_is_served(
    bucket: Bucket, settings: Settings, tables: Sequence[Table]
) -> None:
    outdate(bucket, settings)
    made = plan(bucket, settings, tables=tables)
    assert (made.mode, made.replace) == ("rebuild", False)
    assert starts(made) == ALL
    assert made.reached(settings.topic("pin")) == {}
    said = io.StringIO()
    summary.show(Console(file=said), Report(1, made, [], Steps("batch")))
    assert said.getvalue().startswith("An earlier version wrote the tables: they are rebuilt")
    assert "the bucket was made" not in said.getvalue()


def test_a_full_rebuild_that_an_earlier_version_began_is_gone_on_with(
    bucket: Bucket, settings: Settings
) -> None:
    outdate(bucket, settings, replacing=True)
    made = plan(bucket, settings)
    assert (made.mode, made.replace, starts(made)) == ("full", True, ALL)
    with pytest.raises(PlanError, match="is of all tables"):
        plan(bucket, settings, tables=("geo",))


def test_nothing_is_replayed_into_tables_of_an_earlier_version(
    bucket: Bucket, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job, "s3_client", lambda _: bucket)
    outdate(bucket, settings)
    with pytest.raises(failures.RefusedError, match="run `make batch` first, which rebuilds them"):
        job._check_ready(settings)
    progress.save(bucket, settings.bucket, read(settings))  # type: ignore[arg-type]
    job._check_ready(settings)
