"""Delta tables where an earlier version kept them: a batch run moves them, and nobody else's."""

from functools import partial

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from common import batch_progress
from common.batch_progress import Progress
from common.clients import delta_options
from contracts.delta_tables import BATCH, FORMER_BATCH, folder
from spark_jobs.batch import moving
from spark_jobs.batch.failures import RefusedError
from spark_jobs.batch.steps import StepFailedError
from spark_jobs.replay.job import check_ready
from spark_jobs.sinks import delta
from tests.integration.batch.zone import Zone, land_first
from tests.records import pin

# The offsets after the last ones that `land_first` lands.
ENDS = {"pin": {0: 7, 2: 2}, "geo": {1: 3}, "user": {0: 10}}


def keys(zone: Zone, prefix: str) -> set[str]:
    """Return the keys of a folder's objects, without the folder."""
    pages = zone.s3.get_paginator("list_objects_v2").paginate(Bucket=zone.settings.bucket, Prefix=prefix)
    return {each["Key"].removeprefix(prefix) for page in pages for each in page.get("Contents", [])}


def run_as_earlier(zone: Zone, monkeypatch: pytest.MonkeyPatch) -> dict[str, list[str]]:
    """Run the job as an earlier version did, and return what it stored."""
    with monkeypatch.context() as earlier:
        earlier.setattr(delta, "location", partial(delta.location, layer=FORMER_BATCH))
        earlier.setattr(batch_progress, "FORM", 2)
        zone.run()
        return zone.stored()


def problems(zone: Zone) -> list[str]:
    """Return what `make verify` says."""
    return [each for table, ends in ENDS.items() for each in zone.problems(table, ends)]  # type: ignore[arg-type]


def test_tables_of_an_earlier_version_move_with_all_their_rows_and_history(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    land_first(zone)
    stored, served = run_as_earlier(zone, monkeypatch), zone.served()
    objects = keys(zone, "delta_tables/transformed/")
    assert {key.partition("/")[0] for key in objects} == {"pin", "geo", "user", "quarantine"}
    assert keys(zone, "delta_tables/cleaned/") == set()
    assert problems(zone) == []
    with pytest.raises(RefusedError, match="run `make batch` first, which moves them"):
        check_ready(zone.settings)
    assert zone.run() is None  # nothing new has landed
    assert keys(zone, "delta_tables/cleaned/") == objects
    assert keys(zone, "delta_tables/transformed/") == set()
    assert (zone.stored(), zone.served(), problems(zone)) == (stored, served, [])
    check_ready(zone.settings)
    zone.land("pin", 0, 7, [pin(1, title="newer"), pin(8)])
    report = zone.run()
    assert report is not None
    assert (report.plan.mode, zone.counts(report)) == ("incremental", {"pin": (2, 2, 0, 0)})
    assert zone.problems("pin", {0: 9, 2: 2}) == []


@pytest.mark.parametrize("killed_at", ["the second table", "its end"])
def test_a_move_that_was_killed_is_done_again(
    zone: Zone, monkeypatch: pytest.MonkeyPatch, killed_at: str
) -> None:
    land_first(zone)
    stored, served = run_as_earlier(zone, monkeypatch), zone.served()
    move = moving.move_objects

    def move_one(*arguments: object) -> None:
        if keys(zone, "delta_tables/cleaned/"):
            raise RuntimeError("killed")
        move(*arguments)  # type: ignore[arg-type]

    def save(*_: object) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as killed:
        if killed_at == "its end":
            killed.setattr(batch_progress, "save", save)
        else:
            killed.setattr(moving, "move_objects", move_one)
        with pytest.raises(StepFailedError, match=r"move the Delta tables to delta_tables/cleaned.*: killed"):
            zone.run()
    assert zone.served() == served
    assert zone.run() is None
    assert (zone.stored(), zone.served(), problems(zone)) == (stored, served, [])


def test_a_users_own_table_in_the_former_folder_stays_theirs(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, options = delta.location(zone.settings, "pin", FORMER_BATCH), delta_options(zone.settings)
    write_deltalake(path, pa.table({"ind": [1], "category": ["mine"]}), storage_options=options)
    before = keys(zone, folder(FORMER_BATCH, "pin"))
    monkeypatch.setattr(batch_progress, "FORM", 2)
    batch_progress.save(zone.s3, zone.settings.bucket, Progress())
    monkeypatch.undo()
    assert zone.run() is None
    zone.land("pin", 0, 0, [pin(1)])
    zone.run()
    assert keys(zone, folder(FORMER_BATCH, "pin")) == before
    assert DeltaTable(path, storage_options=options).to_pyarrow_table().to_pylist() == [
        {"ind": 1, "category": "mine"}
    ]
    assert len(zone.stored()["pin"]) == 1
    assert keys(zone, folder(BATCH, "pin"))
