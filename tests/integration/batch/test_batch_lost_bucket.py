"""The batch job after its bucket was lost: what Postgres has stays served until it has landed again."""

import secrets
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from common import batch_progress as progress
from common import bucket
from common.bucket import bucket_id
from common.clients import postgres_connection
from common.wait import wait_until
from operations.verify import accounts
from services.provision.bucket import ensure_bucket
from spark_jobs.batch.job import run_batch
from spark_jobs.batch.steps import StepFailedError
from tests.buckets import empty_bucket
from tests.integration.batch.zone import Zone, picked
from tests.locked_tables import locked
from tests.records import geo, pin


def test_a_lost_bucket_is_rebuilt_over_what_postgres_has(zone: Zone) -> None:
    zone.land("pin", 0, 0, [pin(1), pin(2)])
    zone.run()
    assert zone.lost() == []
    zone.lose_bucket()
    assert zone.run() is None
    assert len(zone.served()["batch.pin"]) == 2
    assert zone.lost() == []  # not proven yet
    ensure_bucket(zone.settings)
    assert zone.lost() == ["pin"]
    other = zone.settings.replace(USER_ID=secrets.token_hex(6))
    ensure_bucket(other)
    assert zone.lost(other) == []  # another user's bucket and topics
    zone.land("pin", 0, 1, [pin(2, title="again"), "{"])
    report = zone.run()
    assert zone.lost() == []
    assert zone.counts(report) == {"pin": (2, 1, 0, 1)}
    assert picked(zone.served()["batch.pin"], "ind", "title") == [(1, "Title 1"), (2, "again")]
    assert len(zone.stored()["pin"]) == 1
    zone.run(full=True)
    assert picked(zone.served()["batch.pin"], "ind") == [(2,)]


def test_a_run_whose_bucket_is_lost_meanwhile_fails_and_serves_nothing(zone: Zone) -> None:
    zone.land("pin", 0, 0, [pin(1)])
    with ThreadPoolExecutor() as pool:
        with locked(
            zone.settings, "quarantine.batch"
        ) as is_awaited:  # it is written when the tables are done
            running = pool.submit(zone.run)
            wait_until(lambda: running.done() or is_awaited(), timeout=60, what="the run to be nearly done")
            zone.lose_bucket()
            ensure_bucket(zone.settings)
        with pytest.raises(StepFailedError, match="commit: the bucket was lost while the run was at work"):
            running.result()
    assert zone.served()["batch.pin"] == []
    assert progress.load(zone.s3, zone.settings.bucket) is None


def test_counts_are_those_of_the_present_bucket(zone: Zone) -> None:
    """Also where its first run was of one table, so that another table's first one in it is no rebuild."""
    zone.land("pin", 0, 0, [pin(1)])
    zone.land("geo", 0, 0, [geo(1)])
    zone.run()
    zone.lose_bucket()
    ensure_bucket(zone.settings)
    zone.land("pin", 0, 0, [pin(1)])
    zone.land("geo", 0, 0, [geo(1)])
    run_batch(zone.settings, tables=("pin",))
    assert zone.lost() == ["geo"]
    zone.run()
    assert zone.lost() == []
    with closing(postgres_connection(zone.settings, "analyst")) as connection:
        assert [accounts.batch_counts(connection, table).read for table in ("pin", "geo")] == [1, 1]


def test_a_bucket_of_an_earlier_version_stays_without_an_id(zone: Zone) -> None:
    empty_bucket(zone.settings, bucket.KEY)
    zone.land("pin", 0, 0, [pin(1)])
    zone.run()
    ensure_bucket(zone.settings)
    assert bucket_id(zone.s3, zone.settings.bucket) is None
    assert zone.lost() == []
