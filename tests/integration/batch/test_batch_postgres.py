"""Batch runs while Postgres fails: each ends with what failed and what to do, and the next one adds up."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import typer

from common.settings import LOOPBACK
from spark_jobs.batch import failures
from spark_jobs.batch.job import run_batch
from tests.integration.batch.zone import Zone
from tests.integration.small_tablespace import on_small_disk
from tests.integration.unsteady_server import UnsteadyServer
from tests.records import geo, pin, user
from tests.small_disk import fill

# Of a kilobyte each in Postgres.
POSTS = 3_000
COUNTS = {"pin": (POSTS, POSTS, 0, 0), "geo": (1, 1, 0, 0), "user": (2, 1, 0, 1)}
# What a run sends before its posts is a hundredth of it.
CUT_AFTER_BYTES = 200_000
DISK_MEGABYTES = 16
FREE = 1024**2


@pytest.fixture
def landed(zone: Zone) -> Zone:
    """Land the posts, and a few records of the other tables."""
    zone.land("pin", 0, 0, [pin(ind, description=f"{ind:0900}") for ind in range(POSTS)])
    zone.land("geo", 0, 0, [geo(1)])
    zone.land("user", 0, 0, [user(1), user(2, age=-1)])
    return zone


@contextmanager
def command_fails() -> Iterator[None]:
    with pytest.raises(typer.Exit), failures.explained("The batch run", "make batch"):
        yield


def assert_next_run_adds_up(zone: Zone) -> None:
    assert list(zone.served().values()) == [[], [], [], []]
    assert zone.counts(zone.run()) == COUNTS
    assert [len(rows) for rows in zone.served().values()] == [POSTS, 1, 1, 1]
    assert [len(rows) for rows in zone.stored().values()] == [POSTS, 1, 1, 1]
    assert zone.problems("pin", {0: POSTS}) == []
    assert zone.run() is None


def test_connections_that_are_refused_or_cut_off_end_runs_that_can_be_repeated(
    landed: Zone, capsys: pytest.CaptureFixture[str]
) -> None:
    postgres = landed.settings.postgres
    with UnsteadyServer(postgres.host, postgres.port) as server, server.unsteady(CUT_AFTER_BYTES):
        settings = landed.settings.replace(POSTGRES_HOST=LOOPBACK, POSTGRES_PORT=server.port)
        with command_fails():
            run_batch(settings)
        refused = capsys.readouterr().err
        with command_fails():
            run_batch(settings)
        cut = capsys.readouterr().err
    assert (server.refused, server.cut) == (1, 1)
    assert "Postgres: connection to server at" in refused
    assert "`make status`, then `make up`." in refused
    assert "The batch run failed at pin: serve: Postgres: " in cut
    assert "repeat with `make batch`." in cut
    assert_next_run_adds_up(landed)


def test_a_full_disk_ends_a_run_and_with_room_again_the_next_one_adds_up(
    landed: Zone, capsys: pytest.CaptureFixture[str]
) -> None:
    with on_small_disk(landed.settings, "batch.pin", DISK_MEGABYTES) as folder:
        ballast = fill(folder, FREE)
        with command_fails():
            landed.run()
        said = capsys.readouterr().err
        assert "The batch run failed at pin: serve: Postgres: could not extend file" in said
        assert "No space left on device" in said
        ((error,),) = landed.sql("SELECT error FROM ops.batch_runs")
        assert "No space left on device" in error
        ballast.unlink()
        assert_next_run_adds_up(landed)
