"""A batch run on a full disk for the rows that Spark stages: it says so, and the next one adds up."""

from pathlib import Path

from stack.local.isolated import ServiceProcess
from tests.integration.batch.zone import Zone
from tests.records import pin
from tests.small_disk import small_disk

# More than the driver holds by itself (`Plan.fits_driver`): Spark stages them.
POSTS, LETTERS = 3_000, 23_000
DISK_MEGABYTES = 2
# A run takes 15 s on two idle cores; the suite may share them with others.
RUN_SECONDS = 180


def test_a_full_disk_of_spark_ends_a_run_and_with_room_again_the_next_one_adds_up(
    zone: Zone, tmp_path: Path
) -> None:
    zone.land("pin", 0, 0, [pin(ind, description=f"{ind:0{LETTERS}}") for ind in range(POSTS)])
    own = zone.settings.replace(STATE_DIR=tmp_path / "state", SPARK_MASTER="local[2]")
    job = ServiceProcess(own, "spark_jobs.batch", log=tmp_path / "batch.log")
    with small_disk(own.state_dir / "spark", DISK_MEGABYTES), job:
        status = job.wait(RUN_SECONDS)
    failed = "The batch run failed at pin: read and clean: java.io.IOException: No space left on device\n"
    assert failed in job.output()
    assert status == 1
    assert zone.served()["batch.pin"] == []
    assert zone.counts(zone.run()) == {"pin": (POSTS, POSTS, 0, 0)}
    assert zone.problems("pin", {0: POSTS}) == []
