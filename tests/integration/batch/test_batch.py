"""The batch job on real LocalStack, Postgres and Spark: first, further and full runs, and records of any form."""

from contextlib import closing

from common.clients import postgres_connection
from contracts.run_counts import OffsetRange
from contracts.tables import TABLES, Table
from operations import quarantine
from spark_jobs.batch import staging
from spark_jobs.batch.landing import new_objects
from spark_jobs.batch.run import Report
from tests.integration.batch.zone import Zone, land_first, picked
from tests.records import geo, pin, user


def land_second(zone: Zone) -> None:
    """New records, newer and older versions of records of the first run, from other partitions."""
    zone.land("pin", 1, 0, [pin(2, title="older than partition 0's"), pin(5), "[]"])
    zone.land("pin", 0, 7, [pin(3, title="newer", follower_count="1.2M"), pin(6)])
    zone.land("user", 0, 10, [])
    zone.land("user", 0, 12, [user(1, age=31)])


def check_first(zone: Zone, report: Report | None) -> None:
    """Check what the run of `land_first` has counted, served and set aside."""
    assert report is not None
    assert zone.counts(report) == {"pin": (9, 3, 2, 4), "geo": (3, 2, 0, 1), "user": (3, 2, 0, 1)}
    assert report.accounts[0].reasons == {"not_json": 2, "other_table": 1, "no_ind": 1, "tombstone": 1}
    assert report.accounts[0].warnings == {"follower_count_unreadable": 1}
    served = zone.served()
    assert picked(served["batch.pin"], "ind", "title") == [
        (1, "same offset, higher partition wins"),
        (2, "new \U0001f600 \\ \" '"),
        (3, "Title 3"),
    ]
    assert picked(served["batch.geo"], "coordinates") == [([-1.5, 1e-05],), (None,)]
    assert picked(served["batch.users"], "user_name", "age") == [("Ann O'Hara 1", 30), ("Ann", 30)]
    check_quarantine(zone)


def check_quarantine(zone: Zone) -> None:
    """Check each record of `land_first` that was rejected, and the reasons."""
    topics = {table: zone.settings.topic(table) for table in TABLES}
    rejected = zone.served()["quarantine"]
    assert picked(rejected, "topic", "partition", "offset", "reasons") == [
        (topics["geo"], 1, 1, ["latitude_out_of_range"]),
        (topics["pin"], 0, 2, ["not_json"]),
        (topics["pin"], 0, 5, ["other_table", "no_ind"]),
        (topics["pin"], 0, 6, ["tombstone"]),
        (topics["pin"], 2, 1, ["not_json"]),
        (topics["user"], 0, 8, ["age_out_of_range"]),
    ]
    assert rejected[4]["raw"] == r"a\x00b"
    count, _ = quarantine.newest(zone.settings, 2)
    assert count == 6


def check_second(zone: Zone, report: Report | None) -> None:
    """Check what the run of `land_second` has counted and served."""
    assert report is not None
    assert zone.counts(report) == {"pin": (5, 3, 1, 1), "user": (1, 1, 0, 0)}
    assert report.accounts[1].ranges == (OffsetRange(zone.settings.topic("user"), 0, 10, 13, missing=2),)
    assert zone.sql("SELECT mode, error FROM ops.batch_runs ORDER BY run_id") == [
        ("rebuild", None),
        ("incremental", None),
    ]
    assert zone.sql("SELECT sum(read), sum(cleaned) FROM ops.batch_run_tables") == [(21, 11)]
    assert picked(zone.served()["batch.pin"], "ind", "title") == [
        (1, "same offset, higher partition wins"),
        (2, "new \U0001f600 \\ \" '"),
        (3, "newer"),
        (5, "Title 5"),
        (6, "Title 6"),
    ]


def test_first_run_noop_increment_and_full_rebuild(zone: Zone) -> None:
    land_first(zone)
    check_first(zone, zone.run())
    assert zone.run() is None
    land_second(zone)
    check_second(zone, zone.run())

    served, stored = zone.served(), zone.stored()
    full = zone.run(full=True)
    assert zone.counts(full) == {"pin": (14, 5, 4, 5), "geo": (3, 2, 0, 1), "user": (4, 2, 1, 1)}
    assert zone.served() == served
    assert zone.stored() == stored
    assert zone.run() is None


def test_older_records_of_any_form_are_not_lost_to_verify(zone: Zone) -> None:
    surprises = ['{"index": 7, "ind": 99}', r'{"index": 7, "title": "\ud83c"}', '{"index": 9, "index": 7}']
    zone.land("pin", 0, 0, [*surprises, "{broken", pin(7), pin(99)])
    zone.land("geo", 0, 0, [geo(7) | {"index": "a"}, geo(7)])
    zone.land("user", 0, 0, [user(7) | {"index": 1.5}, user(7)])
    assert zone.counts(zone.run()) == {"pin": (6, 2, 3, 1), "geo": (2, 1, 1, 0), "user": (2, 1, 1, 0)}
    ends: dict[Table, int] = {"pin": 6, "geo": 2, "user": 2}
    assert [zone.problems(table, {0: ends[table]}) for table in TABLES] == [[], [], []]
    # What no table has is still called lost.
    with closing(postgres_connection(zone.settings)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM quarantine.batch")
    topic = zone.settings.topic("pin")
    lost = f"{topic}[0]: neither in Delta nor in quarantine: 1 offsets: 3"
    assert zone.problems("pin", {0: 6}) == [lost, "pin: 1 quarantined, 0 in quarantine.batch"]


def test_thousands_of_tiny_objects_are_read_by_a_few_tasks(zone: Zone) -> None:
    """A task for each would take minutes."""
    for start in range(2_000):
        zone.land("user", start % 3, start // 3, [user(start)])
    objects = new_objects(zone.s3, zone.settings, zone.settings.topic("user"), {})
    records = staging.read(zone.spark, zone.settings, "user", objects)
    assert records.rdd.getNumPartitions() == zone.spark.sparkContext.defaultParallelism
    assert zone.counts(zone.run()) == {"user": (2_000, 2_000, 0, 0)}
