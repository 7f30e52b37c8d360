"""Batch runs while Postgres fails: each ends with what failed and what to do, and the next one adds up."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import typer

from common.clients import postgres_connection
from common.settings import LOOPBACK
from spark_jobs.batch import failures
from spark_jobs.batch.job import run_batch
from stack.os_user import give_to_server, server_home
from tests.integration.batch.zone import Zone
from tests.integration.unsteady_server import UnsteadyServer
from tests.records import geo, pin, user
from tests.servers import IN_CONTAINERS
from tests.small_disk import fill, small_disk

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


@contextmanager
def on_small_disk(zone: Zone, table: str) -> Iterator[Path]:
    """Keep the table's rows on a small disk, of which the folder is yielded."""
    if IN_CONTAINERS:
        pytest.skip("Postgres' disk is the container's")
    folder = server_home(zone.settings) / "small-disk"
    with (
        small_disk(folder, DISK_MEGABYTES),
        closing(postgres_connection(zone.settings)) as connection,
        connection.cursor() as cursor,
    ):
        give_to_server(folder)
        connection.autocommit = True  # a tablespace is made in no transaction
        cursor.execute("CREATE TABLESPACE small LOCATION %s", [str(folder)])
        cursor.execute(f"ALTER TABLE {table} SET TABLESPACE small")
        try:
            yield folder
        finally:
            cursor.execute(f"ALTER TABLE {table} SET TABLESPACE pg_default")
            cursor.execute("DROP TABLESPACE small")
    folder.rmdir()


def test_a_full_disk_ends_a_run_and_with_room_again_the_next_one_adds_up(
    landed: Zone, capsys: pytest.CaptureFixture[str]
) -> None:
    with on_small_disk(landed, "batch.pin") as folder:
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
