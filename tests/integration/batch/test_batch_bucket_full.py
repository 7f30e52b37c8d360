"""Batch runs while LocalStack's disk is full: they end with what to do, and with room again the next one adds up."""

import random

import pytest
import typer

from common.settings import Settings
from spark_jobs.batch import failures
from spark_jobs.batch.job import run_batch
from tests.buckets import empty_bucket
from tests.integration.batch.zone import Record, Zone
from tests.records import pin
from tests.servers import IN_CONTAINERS
from tests.small_disk import fill, small_disk

# LocalStack has objects of over 512 KiB on the disk, smaller ones in memory: those that land here are smaller, the
# file of the table is not.
POSTS, AN_OBJECT = 2_000, 500
DISK_MEGABYTES = 16


def test_a_full_disk_of_localstack_ends_a_run_and_with_room_again_the_next_one_adds_up(
    zone: Zone, localstack: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    if IN_CONTAINERS:
        pytest.skip("LocalStack's disk is the container's")
    chance = random.Random(1)  # noqa: S311 - what no compression makes smaller
    for start in range(0, POSTS, AN_OBJECT):
        posts: list[Record] = [
            pin(ind, description=chance.randbytes(400).hex()) for ind in range(start, start + AN_OBJECT)
        ]
        zone.land("pin", 0, start, posts)
    folder = localstack.state_dir / "localstack/objects/localstack-s3-storage" / zone.settings.bucket
    with small_disk(folder, DISK_MEGABYTES):
        try:
            ballast = fill(folder, 0)
            with pytest.raises(typer.Exit), failures.explained("The batch run", "make batch"):
                run_batch(zone.settings)
            said = capsys.readouterr().err
            assert "The batch run failed at pin: write Delta: " in said
            assert "[Errno 28] No space left on device" in said
            assert zone.served()["batch.pin"] == []
            ballast.unlink()
            assert zone.counts(zone.run()) == {"pin": (POSTS, POSTS, 0, 0)}
            assert zone.problems("pin", {0: POSTS}) == []
        finally:
            empty_bucket(zone.settings)  # a disk whose files are open stays
