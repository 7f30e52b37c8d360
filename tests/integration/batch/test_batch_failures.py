"""Batch runs that are refused, fail or are killed: nothing of them is served, and a repeat does all of it."""

import gzip
import json
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from common import batch_progress as progress
from common.clients import postgres_connection
from common.wait import wait_until
from contracts.landing import NEXT_OFFSET, object_key
from spark_jobs.batch.failures import AlreadyRunningError
from spark_jobs.batch.landing import LandingError
from spark_jobs.batch.steps import StepFailedError
from spark_jobs.sinks import postgres
from stack.local.isolated import ServiceProcess
from tests.integration.batch.zone import Zone, land_first
from tests.locked_tables import locked
from tests.records import pin, user

# A run takes 15 s on two idle cores; the suite may share them with others.
RUN_SECONDS = 180


def test_a_second_run_at_the_same_time_is_refused(zone: Zone) -> None:
    zone.land("pin", 0, 0, [pin(1)])
    with closing(postgres_connection(zone.settings, "batch_writer")) as other:
        assert postgres.lock(other)
        with pytest.raises(AlreadyRunningError, match="another batch run"):
            zone.run()
    assert zone.run() is not None


def test_a_run_waits_for_the_session_of_one_that_has_just_ended(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres, "LOCK_WAIT_MS", 60_000)  # longer than a busy machine takes to end it

    def session() -> closing[Any]:
        return closing(postgres_connection(zone.settings, "batch_writer"))

    def is_waiting() -> bool:
        return bool(zone.sql("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"))

    with session() as ended, session() as following, ThreadPoolExecutor() as pool:
        assert postgres.lock(ended)
        locked = pool.submit(postgres.lock, following)
        wait_until(is_waiting, timeout=60, what="the following run to wait")
        ended.close()
        assert locked.result()


def test_a_broken_object_fails_the_run_by_name_and_a_repeat_heals_it(zone: Zone) -> None:
    zone.land("user", 0, 0, [user(1)])
    zone.land("pin", 0, 0, [pin(1), pin(2), pin(3)])
    zone.land("pin", 0, 2, [pin(3)])
    with pytest.raises(StepFailedError, match=r"pin: read and clean: .*\+0\+0000000000\.json holds offsets"):
        zone.run()
    assert zone.served()["batch.users"] == []
    ((error,),) = zone.sql("SELECT error FROM ops.batch_runs")
    assert "pin: read and clean" in error
    zone.land("pin", 0, 0, [pin(1), pin(2)])
    assert zone.counts(zone.run()) == {"pin": (3, 3, 0, 0), "user": (1, 1, 0, 0)}


def test_an_object_that_is_not_what_was_put_fails_the_run_by_name_and_a_repeat_heals_it(zone: Zone) -> None:
    zone.land("user", 0, 0, [user(1)])
    key = object_key(zone.settings.topic("pin"), 0, 0)
    place = re.escape(f"s3://{zone.settings.bucket}/{key}")
    lines = b"".join(json.dumps(pin(ind)).encode() + b"\n" for ind in range(3))

    def put(body: bytes) -> None:
        zone.s3.put_object(Bucket=zone.settings.bucket, Key=key, Body=body, Metadata={NEXT_OFFSET: "3"})

    for broken in (lines[:-5], lines[: lines.index(b"\n") + 1], gzip.compress(lines), b"\xff\0\n" * 7):
        put(broken)
        with pytest.raises(
            StepFailedError, match=rf"pin: read and clean: .*{place} .* is not whole\. Move it and "
        ):
            zone.run()
        assert list(zone.served().values()) == [[], [], [], []]
    put(lines)
    assert zone.counts(zone.run()) == {"pin": (3, 3, 0, 0), "user": (1, 1, 0, 0)}


def test_a_foreign_key_in_the_landing_zone_is_named(zone: Zone) -> None:
    key = f"topics/{zone.settings.topic('pin')}/partition=0/notes.txt"
    zone.s3.put_object(Bucket=zone.settings.bucket, Key=key, Body=b"")
    with pytest.raises(StepFailedError, match=r"look for new objects: .*notes\.txt") as caught:
        zone.run()
    assert isinstance(caught.value.__cause__, LandingError)


def is_in_delta(zone: Zone) -> bool:
    prefix = "delta_tables/cleaned/user/_delta_log/"
    return "Contents" in zone.s3.list_objects_v2(Bucket=zone.settings.bucket, Prefix=prefix)


def has_session(zone: Zone) -> bool:
    return bool(zone.sql("SELECT FROM pg_stat_activity WHERE usename = 'batch_writer'"))


# A run writes Delta, then a table in Postgres, last of all into ops.batch_runs; then it commits.
@pytest.mark.parametrize("table", ["batch.users", "ops.batch_runs"])
def test_a_killed_run_is_repeated_without_harm(zone: Zone, tmp_path: Path, table: str) -> None:
    land_first(zone)
    zone.land("pin", 0, 7, [pin(ind) for ind in range(10, 3_000)])
    job = ServiceProcess(zone.settings, "spark_jobs.batch", log=tmp_path / "batch.log")
    with locked(zone.settings, table) as is_awaited, job:
        job.wait_healthy(is_awaited, timeout=RUN_SECONDS)
        assert is_in_delta(zone)
        job.kill()
    # Postgres notices once the session, which waited for the table, has it.
    wait_until(lambda: not has_session(zone), timeout=60, what="the dead run's transaction to end")
    assert list(zone.served().values()) == [[], [], [], []]
    assert progress.load(zone.s3, zone.settings.bucket) is None
    assert zone.counts(zone.run())["pin"] == (2_999, 2_993, 2, 4)
    assert [len(rows) for rows in zone.served().values()] == [2_993, 2, 2, 6]
    assert [len(rows) for rows in zone.stored().values()] == [2_993, 2, 2, 6]
    assert zone.run() is None


def test_a_kill_before_the_progress_was_saved_is_repeated_without_harm(zone: Zone) -> None:
    zone.land("pin", 0, 0, [pin(1), pin(2)])
    zone.run()
    known = progress.load(zone.s3, zone.settings.bucket)
    assert known is not None
    zone.land("pin", 1, 0, [pin(2, title="older"), pin(2, title="newer by partition"), "{"])
    zone.run()
    served, stored = zone.served(), zone.stored()
    progress.save(zone.s3, zone.settings.bucket, known)
    assert zone.counts(zone.run()) == {"pin": (3, 1, 1, 1)}
    assert (zone.served(), zone.stored()) == (served, stored)
