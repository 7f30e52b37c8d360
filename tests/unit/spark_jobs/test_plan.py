"""Test what a run finds in the bucket to do: new objects, all of them, or the tables that an earlier version wrote."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from rich.console import Console

from common import batch_progress as progress
from common.batch_progress import Position, Progress
from common.settings import Settings
from contracts.landing import object_key
from contracts.tables import TABLES, Table
from spark_jobs.batch import failures, summary
from spark_jobs.batch.landing import UNBOUNDED, LandedObject, LandingError
from spark_jobs.batch.plan import Plan, PlanError, make_plan
from spark_jobs.batch.run import Report
from spark_jobs.batch.steps import Steps
from spark_jobs.replay import job
from stack.local.isolated import make_settings

MIB = 1024**2
ALL = {table: [0, 1] for table in TABLES}


class Bucket:
    """The calls of S3 by which a plan is made."""

    exceptions = SimpleNamespace(NoSuchBucket=ClientError)

    def __init__(self, name: str) -> None:
        self.name = name
        self.objects: dict[str, bytes] = {}
        self.is_lost = False

    def put_object(self, Bucket: str, Key: str, Body: bytes) -> None:  # noqa: N803 - boto3's names
        assert Bucket == self.name
        self.objects[Key] = Body

    def get_object(self, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803
        assert Bucket == self.name
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def get_paginator(self, operation: str) -> "Bucket":
        assert operation == "list_objects_v2"
        return self

    def paginate(self, Bucket: str, Prefix: str, **more: str) -> Iterator[dict[str, Any]]:  # noqa: N803
        assert Bucket == self.name
        if self.is_lost:
            raise ClientError({"Error": {"Code": "NoSuchBucket"}}, "ListObjectsV2")
        found = sorted(key for key in self.objects if key.startswith(Prefix))
        yield {}  # a page may be empty
        if "Delimiter" in more:
            assert more["Delimiter"] == "/"
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
    made = Bucket(settings.bucket)
    for table in TABLES:
        for start in (0, 1):
            made.objects[object_key(settings.topic(table), 0, start)] = b"1\n"
    return made


def plan(
    bucket: Bucket,
    settings: Settings,
    tables: Sequence[Table] = TABLES,
    *,
    full: bool = False,
    serving: bool = True,
) -> Plan:
    return make_plan(bucket, settings, full=full, serving=serving, tables=tables)  # type: ignore[arg-type]


def read(settings: Settings) -> Progress:
    topics = map(settings.topic, TABLES)
    return Progress({topic: {0: Position(object_key(topic, 0, 0), 1)} for topic in topics})


def starts(made: Plan) -> dict[str, list[int]]:
    return {table: [each.start for each in objects] for table, objects in made.objects.items()}


def test_what_is_new_is_taken(bucket: Bucket, settings: Settings) -> None:
    progress.save(bucket, settings.bucket, read(settings))  # type: ignore[arg-type]
    made = plan(bucket, settings, tables=("geo",))
    assert (made.mode, starts(made), made.replace) == ("incremental", {"geo": [1]}, False)


@pytest.mark.parametrize(("serving", "replace"), [(True, False), (False, True)])
def test_a_first_run_takes_all_and_empties_only_what_is_empty(
    bucket: Bucket, settings: Settings, serving: bool, replace: bool
) -> None:
    """Rows in Postgres mean that the bucket was lost: what has not landed again stays."""
    made = plan(bucket, settings, serving=serving)
    assert (made.mode, made.rebuild, made.replace, made.outdated) == ("rebuild", True, replace, False)
    assert starts(made) == ALL


def test_an_increment_empties_nothing(bucket: Bucket, settings: Settings) -> None:
    progress.save(bucket, settings.bucket, read(settings))  # type: ignore[arg-type]
    made = plan(bucket, settings, serving=False)
    assert (made.mode, made.rebuild, made.replace) == ("incremental", False, False)
    assert starts(made) == {table: [1] for table in TABLES}
    assert made.reached(settings.topic("pin")) == {0: 1}


def test_a_full_rebuild_takes_all_whatever_was_read(bucket: Bucket, settings: Settings) -> None:
    progress.save(bucket, settings.bucket, read(settings))  # type: ignore[arg-type]
    made = plan(bucket, settings, full=True)
    assert (made.mode, made.rebuild, made.replace, made.progress) == ("full", True, True, Progress())
    assert starts(made) == ALL


@pytest.mark.parametrize("tables", [("pin",), ("pin", "geo")])
@pytest.mark.parametrize("begun", [False, True])
def test_a_full_rebuild_of_some_tables_is_refused(
    bucket: Bucket, settings: Settings, tables: Sequence[Table], begun: bool
) -> None:
    known = Progress(replacing=True) if begun else read(settings)
    progress.save(bucket, settings.bucket, known)  # type: ignore[arg-type]
    with pytest.raises(
        PlanError, match=r"\(asked for, or begun and interrupted\) is of all tables: name none"
    ):
        plan(bucket, settings, tables=tables, full=not begun)


def test_an_interrupted_full_rebuild_is_gone_on_with(bucket: Bucket, settings: Settings) -> None:
    progress.save(bucket, settings.bucket, Progress(replacing=True))  # type: ignore[arg-type]
    made = plan(bucket, settings)
    assert (made.mode, made.replace, starts(made), made.outdated) == ("full", True, ALL, False)


def test_an_object_that_begins_before_the_last_run_s_end_is_named(bucket: Bucket, settings: Settings) -> None:
    """The sink would not write it, and what it holds would count twice or never."""
    topic = settings.topic("geo")
    known = Progress({topic: {0: Position(object_key(topic, 0, 0), 2)}})
    progress.save(bucket, settings.bucket, known)  # type: ignore[arg-type]
    with pytest.raises(LandingError, match=r"\.geo\+0\+0+1\.json begins before offset 2, up to which"):
        plan(bucket, settings)


def test_a_key_that_the_sink_does_not_write_is_named(bucket: Bucket, settings: Settings) -> None:
    bucket.objects[f"topics/{settings.topic('pin')}/partition=0/notes.txt"] = b""
    with pytest.raises(LandingError, match=r"notes\.txt.*Only the S3 sink writes there: move it elsewhere"):
        plan(bucket, settings)


def test_objects_come_by_partition_and_offset_each_bounded_by_the_next(
    bucket: Bucket, settings: Settings
) -> None:
    """Ten is after two; an empty object bounds the one before it, and is not read itself."""
    topic = settings.topic("pin")
    for partition, start, body in ((10, 0, b"1\n"), (2, 0, b"1\n"), (2, 5, b""), (2, 9, b"1\n")):
        bucket.objects[object_key(topic, partition, start)] = body
    found = plan(bucket, settings).objects["pin"]
    assert [(each.topic, each.partition, each.start, each.end) for each in found] == [
        (topic, 0, 0, 1),
        (topic, 0, 1, UNBOUNDED),
        (topic, 2, 0, 5),
        (topic, 2, 9, UNBOUNDED),
        (topic, 10, 0, UNBOUNDED),
    ]


def test_without_a_bucket_there_is_nothing_to_do(bucket: Bucket, settings: Settings) -> None:
    bucket.is_lost = True
    made = plan(bucket, settings)
    assert (made.mode, made.objects, made.bucket_id) == ("rebuild", {}, None)


@pytest.mark.parametrize(
    ("size", "fits", "brief"),
    [
        (64 * MIB - 1, True, True),
        (64 * MIB, False, True),
        (512 * MIB - 1, False, True),
        (512 * MIB, False, False),
    ],
)
def test_a_run_fits_the_driver_or_is_brief_below_a_size(size: int, fits: bool, brief: bool) -> None:
    half = size // 2
    objects = {
        "pin": [LandedObject("t", 0, 0, "a", half)],
        "geo": [LandedObject("u", 0, 0, "b", size - half)],
    }
    made = Plan("incremental", objects, Progress(), replace=False)  # type: ignore[arg-type]
    assert (made.size, made.fits_driver, made.is_brief) == (size, fits, brief)


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
        job.check_ready(settings)
    progress.save(bucket, settings.bucket, read(settings))  # type: ignore[arg-type]
    job.check_ready(settings)
