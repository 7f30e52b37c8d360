"""The batch job on real LocalStack, Postgres and Spark: one session for the file, a fresh bucket for each test."""

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import Any

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from common import batch_progress as progress
from common import bucket
from common.bucket import bucket_id, lost_tables
from common.clients import postgres_connection, s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.landing import object_key
from contracts.run_counts import OffsetRange
from contracts.tables import TABLES, Table
from operations import quarantine
from operations.verify import accounts
from operations.verify import batch as verify_batch
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from spark_jobs.batch import run
from spark_jobs.batch.failures import AlreadyRunningError
from spark_jobs.batch.job import run_batch
from spark_jobs.batch.landing import LandingError
from spark_jobs.batch.run import Report
from spark_jobs.batch.steps import StepFailedError
from spark_jobs.session import spark as session
from spark_jobs.session.spark import spark_session
from spark_jobs.sinks import delta, postgres
from tests.buckets import delete_bucket, empty_bucket
from tests.integration.times import TIME_COLUMNS, served_times, stored_times
from tests.processes import ServiceProcess
from tests.times import MICROS, TIMES

Record = dict[str, Any] | str | None


def pin(ind: int, **values: object) -> dict[str, Any]:
    made = {"index": ind, "unique_id": f"id-{ind}", "title": f"Title {ind}", "description": "d"}
    made |= {"poster_name": "p", "follower_count": "3k", "tag_list": "a,b", "is_image_or_video": "image"}
    made |= {"image_src": "https://x/y.jpg", "downloaded": 1, "category": "art"}
    return made | {"save_location": "Local save in /data/art"} | values


def geo(ind: int, **values: object) -> dict[str, Any]:
    made = {"ind": ind, "timestamp": "2020-08-28T03:52:47", "latitude": -1.5, "longitude": 1e-05}
    return made | {"country": "Albania"} | values


def user(ind: int, **values: object) -> dict[str, Any]:
    made = {"ind": ind, "first_name": "Ann", "last_name": f"O'Hara {ind}", "age": 30}
    return made | {"date_joined": "2016-01-02 03:04:05"} | values


class Zone:
    """A bucket of its own, what is landed there by hand, and what the job made of it."""

    def __init__(self, settings: Settings, spark: SparkSession) -> None:
        self.settings, self.spark = settings, spark
        self.s3 = s3_client(settings)
        ensure_bucket(settings)

    def land(self, table: Table, partition: int, start: int, records: list[Record]) -> None:
        lines = (each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in records)
        key = object_key(self.settings.topic(table), partition, start)
        body = "".join(f"{line}\n" for line in lines).encode()
        self.s3.put_object(Bucket=self.settings.bucket, Key=key, Body=body)

    def run(self, *, full: bool = False) -> Report | None:
        return run_batch(self.settings, full=full)

    def counts(self, report: Report | None) -> dict[str, tuple[int, int, int, int]]:
        assert report is not None
        return {
            each.table: (each.read, each.cleaned, each.duplicate, each.quarantined)
            for each in report.accounts
        }

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        with closing(postgres_connection(self.settings)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def served(self) -> dict[str, list[tuple[Any, ...]]]:
        tables = ("batch.pin", "batch.geo", "batch.users")
        rows = {name: self.sql(f"TABLE {name} ORDER BY ind") for name in tables}
        places = 'SELECT topic, partition, "offset", reasons, raw FROM quarantine.batch ORDER BY 1, 2, 3'
        return rows | {"quarantine": self.sql(places)}

    def stored(self) -> dict[str, list[Any]]:
        found = {}
        for name in (*TABLES, delta.QUARANTINE):
            path = delta.location(self.settings, name)
            if delta.exists(self.spark, path):
                rows = self.spark.read.format("delta").load(path).select(fn.to_json(fn.struct("*")))
                found[name] = sorted(row[0] for row in rows.collect())
        return found

    def problems(self, table: Table, ends: dict[int, int]) -> list[str]:
        """Return what `make verify` says of a table."""
        with closing(postgres_connection(self.settings, "analyst")) as connection:
            return verify_batch.check(self.settings, connection, table, ends, lost=False).problems

    def lose_bucket(self) -> None:
        delete_bucket(self.settings)

    def lost(self, settings: Settings | None = None) -> list[Table]:
        """Return what `make verify` and provisioning's watch take for lost."""
        mine = settings or self.settings
        with closing(postgres_connection(mine, "analyst")) as connection:
            return lost_tables(connection, mine, bucket_id(self.s3, mine.bucket))


@pytest.fixture(scope="module")
def spark(localstack: Settings, postgres: Settings) -> Iterator[SparkSession]:
    ensure_schema(postgres)
    small = localstack.model_copy(update={"spark_master": "local[2]"})
    session = spark_session(small, "batch", brief=True)
    session.conf.set("spark.sql.shuffle.partitions", "2")
    yield session
    session.stop()


@pytest.fixture
def zone(settings: Settings, spark: SparkSession) -> Zone:
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE batch.pin, batch.geo, batch.users, quarantine.batch, ops.batch_runs CASCADE")
    return Zone(settings.model_copy(update={"user_id": secrets.token_hex(6)}), spark)


def land_first(zone: Zone) -> None:
    """Good, repeated, malformed and misplaced records, over partitions."""
    zone.land("pin", 0, 0, [pin(1), pin(2, title="old"), "{broken", pin(3, follower_count="many")])
    zone.land("pin", 0, 4, [pin(2, title="new\x00\n\U0001f600 \\ \" '"), geo(4), "null"])
    zone.land("pin", 2, 0, [pin(1, title="same offset, higher partition wins"), "a\x00b"])
    zone.land("geo", 1, 0, [geo(1), geo(2, latitude=91), geo(3, country=None, latitude=None)])
    # As the sink lands holes in Kafka's offsets: an empty object, also as a partition's first or newest.
    zone.land("geo", 1, 3, [])
    zone.land("user", 0, 0, [])
    zone.land("user", 0, 7, [user(1), user(2, age=-1), user(2, last_name="User Info Error")])


def land_second(zone: Zone) -> None:
    """New records, newer and older versions of records of the first run, from other partitions."""
    zone.land("pin", 1, 0, [pin(2, title="older than partition 0's"), pin(5), "[]"])
    zone.land("pin", 0, 7, [pin(3, title="newer", follower_count="1.2M"), pin(6)])
    zone.land("user", 0, 10, [])
    zone.land("user", 0, 12, [user(1, age=31)])


def test_first_run_noop_increment_and_full_rebuild(zone: Zone) -> None:
    land_first(zone)
    first = zone.run()
    assert zone.counts(first) == {"pin": (9, 3, 2, 4), "geo": (3, 2, 0, 1), "user": (3, 2, 0, 1)}
    assert first is not None
    assert first.accounts[0].reasons == {"not_json": 2, "other_table": 1, "no_ind": 1, "tombstone": 1}
    assert first.accounts[0].warnings == {"follower_count_unreadable": 1}
    served = zone.served()
    assert [(row[0], row[2]) for row in served["batch.pin"]] == [
        (1, "same offset, higher partition wins"),
        (2, "new \U0001f600 \\ \" '"),
        (3, "Title 3"),
    ]
    assert [row[2] for row in served["batch.geo"]] == [[-1.5, 1e-05], None]
    assert [(row[1], row[2]) for row in served["batch.users"]] == [("Ann O'Hara 1", 30), ("Ann", 30)]
    places = [(row[0].split(".")[1], *row[1:4]) for row in served["quarantine"]]
    assert places == [
        ("geo", 1, 1, ["latitude_out_of_range"]),
        ("pin", 0, 2, ["not_json"]),
        ("pin", 0, 5, ["other_table", "no_ind"]),
        ("pin", 0, 6, ["tombstone"]),
        ("pin", 2, 1, ["not_json"]),
        ("user", 0, 8, ["age_out_of_range"]),
    ]
    assert served["quarantine"][4][4] == r"a\x00b"
    assert quarantine.newest(zone.settings, 2)[0] == 6

    assert zone.run() is None

    land_second(zone)
    second = zone.run()
    assert zone.counts(second) == {"pin": (5, 3, 1, 1), "user": (1, 1, 0, 0)}
    assert second is not None
    assert second.accounts[1].ranges == (OffsetRange(zone.settings.topic("user"), 0, 10, 13, missing=2),)
    assert zone.sql("SELECT mode, error FROM ops.batch_runs ORDER BY run_id") == [
        ("rebuild", None),
        ("incremental", None),
    ]
    assert zone.sql("SELECT sum(read), sum(cleaned) FROM ops.batch_run_tables") == [(21, 11)]
    served, stored = zone.served(), zone.stored()
    assert [(row[0], row[2]) for row in served["batch.pin"]][1:] == [
        *((2, "new \U0001f600 \\ \" '"), (3, "newer"), (5, "Title 5"), (6, "Title 6"))
    ]

    full = zone.run(full=True)
    assert zone.counts(full) == {"pin": (14, 5, 4, 5), "geo": (3, 2, 0, 1), "user": (4, 2, 1, 1)}
    assert zone.served() == served
    assert zone.stored() == stored
    assert zone.run() is None


def land_times(zone: Zone) -> None:
    zone.land("geo", 0, 0, [geo(ind, timestamp=text) for ind, text in enumerate(TIMES)])
    zone.land("user", 0, 0, [user(ind, date_joined=text) for ind, text in enumerate(TIMES)])


@pytest.mark.parametrize("output", ["INT96", "TIMESTAMP_MICROS"])
def test_times_of_all_years_are_the_same_everywhere(
    zone: Zone, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, output: str
) -> None:
    """Also where an earlier version wrote Spark's INT96, and served other dates: the next run rebuilds the tables."""
    land_times(zone)
    with monkeypatch.context() as earlier:
        earlier.setitem(session._LEAN, "spark.sql.parquet.outputTimestampType", output)
        zone.run()
    if output == "INT96":
        as_earlier_versions_left_it(zone)
        zone.land("pin", 0, 0, [pin(1)])
        assert zone.counts(zone.run())["geo"] == (len(TIMES), len(TIMES), 0, 0)
    for table in TIME_COLUMNS:
        assert served_times(zone.settings, "batch", table) == MICROS
        assert served_times(zone.settings, "serving", table) == MICROS
        path = delta.location(zone.settings, table)
        found = stored_times(zone.settings, zone.spark, path, TIME_COLUMNS[table], tmp_path / table)
        assert found == dict.fromkeys(("Spark", "delta-rs", "DuckDB"), MICROS)
        assert zone.problems(table, {0: len(TIMES)}) == []
    # A client whose clock is elsewhere asks as `analyst` does.
    assert zone.sql("SELECT max(timestamp) FROM serving.geo") == [(datetime.max.replace(tzinfo=UTC),)]
    assert zone.run() is None


def as_earlier_versions_left_it(zone: Zone) -> None:
    """Other dates in Postgres, and progress that names no form of the tables."""
    saved = json.loads(zone.s3.get_object(Bucket=zone.settings.bucket, Key=progress.KEY)["Body"].read())
    del saved["form"]
    zone.s3.put_object(Bucket=zone.settings.bucket, Key=progress.KEY, Body=json.dumps(saved).encode())
    with closing(postgres_connection(zone.settings)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("UPDATE batch.geo SET timestamp = '1816-03-29 05:56:08.066277+00'")
        cursor.execute("UPDATE batch.users SET date_joined = '1754-08-30 22:43:41.128654+00'")


def test_older_records_of_any_form_are_not_lost_to_verify(zone: Zone) -> None:
    surprises = ['{"index": 7, "ind": 99}', r'{"index": 7, "title": "\ud83c"}', '{"index": 9, "index": 7}']
    zone.land("pin", 0, 0, [*surprises, "{broken", pin(7), pin(99)])
    zone.land("geo", 0, 0, [geo(7) | {"index": "a"}, geo(7)])
    zone.land("user", 0, 0, [user(7) | {"index": 1.5}, user(7)])
    assert zone.counts(zone.run()) == {"pin": (6, 2, 3, 1), "geo": (2, 1, 1, 0), "user": (2, 1, 1, 0)}
    ends = {"pin": 6, "geo": 2, "user": 2}
    assert {table: zone.problems(table, {0: ends[table]}) for table in TABLES} == {
        each: [] for each in TABLES
    }
    # What no table has is still called lost.
    with closing(postgres_connection(zone.settings)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("DELETE FROM quarantine.batch")
    topic = zone.settings.topic("pin")
    lost = f"{topic}[0]: neither in Delta nor in quarantine: 1 offsets: 3"
    assert zone.problems("pin", {0: 6}) == [lost, "pin: 1 quarantined, 0 in quarantine.batch"]


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
    other = zone.settings.model_copy(update={"user_id": secrets.token_hex(6)})
    ensure_bucket(other)
    assert zone.lost(other) == []  # another user's bucket and topics
    zone.land("pin", 0, 1, [pin(2, title="again"), "{"])
    report = zone.run()
    assert zone.lost() == []
    assert zone.counts(report) == {"pin": (2, 1, 0, 1)}
    assert [(row[0], row[2]) for row in zone.served()["batch.pin"]] == [(1, "Title 1"), (2, "again")]
    assert len(zone.stored()["pin"]) == 1
    zone.run(full=True)
    assert [row[0] for row in zone.served()["batch.pin"]] == [2]


def test_a_run_whose_bucket_is_lost_meanwhile_fails_and_serves_nothing(
    zone: Zone, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone.land("pin", 0, 0, [pin(1)])

    def lose_and_set_aside(*_: object) -> None:
        zone.lose_bucket()
        ensure_bucket(zone.settings)

    monkeypatch.setattr(run, "_set_aside", lose_and_set_aside)
    with pytest.raises(StepFailedError, match="commit: the bucket was lost while the run was at work"):
        zone.run()
    assert zone.served()["batch.pin"] == []
    assert progress.load(zone.s3, zone.settings.bucket) is None


def test_counts_are_those_of_the_present_bucket(zone: Zone) -> None:
    """Also where its first run was of one table, so that another table's first one in it is no rebuild."""
    for table, record in (("pin", pin(1)), ("geo", geo(1))):
        zone.land(table, 0, 0, [record])  # type: ignore[arg-type]
    zone.run()
    zone.lose_bucket()
    ensure_bucket(zone.settings)
    for table, record in (("pin", pin(1)), ("geo", geo(1))):
        zone.land(table, 0, 0, [record])  # type: ignore[arg-type]
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


def test_thousands_of_tiny_objects_take_seconds(zone: Zone) -> None:
    for start in range(2_000):
        zone.land("user", start % 3, start // 3, [user(start)])
    begin = monotonic()
    assert zone.counts(zone.run()) == {"user": (2_000, 2_000, 0, 0)}
    # 2,000 gets at LocalStack's 200-600 a second, and some 10 s for everything else, on a busy machine.
    assert monotonic() - begin < 60


def test_a_second_run_at_the_same_time_is_refused(zone: Zone) -> None:
    zone.land("pin", 0, 0, [pin(1)])
    with closing(postgres_connection(zone.settings, "batch_writer")) as other:
        assert postgres.lock(other)
        with pytest.raises(AlreadyRunningError, match="another batch run"):
            zone.run()
    assert zone.run() is not None


def test_a_run_waits_for_the_session_of_one_that_has_just_ended(zone: Zone) -> None:
    def session() -> closing[Any]:
        return closing(postgres_connection(zone.settings, "batch_writer"))

    with session() as ended, session() as following:
        assert postgres.lock(ended)
        Timer(0.5, ended.close).start()
        assert postgres.lock(following)


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


def test_a_foreign_key_in_the_landing_zone_is_named(zone: Zone) -> None:
    key = f"topics/{zone.settings.topic('pin')}/partition=0/notes.txt"
    zone.s3.put_object(Bucket=zone.settings.bucket, Key=key, Body=b"")
    with pytest.raises(StepFailedError, match=r"look for new objects: .*notes\.txt") as caught:
        zone.run()
    assert isinstance(caught.value.__cause__, LandingError)


def delta_committed(zone: Zone) -> bool:
    prefix = "delta_tables/transformed/user/_delta_log/"
    return "Contents" in zone.s3.list_objects_v2(Bucket=zone.settings.bucket, Prefix=prefix)


def copied(zone: Zone) -> bool:
    return bool(
        zone.sql(
            "SELECT pid FROM pg_stat_activity WHERE usename = 'batch_writer'"
            " AND state = 'idle in transaction' AND query ~ '^(COPY|INSERT|ANALYZE)'"
        )
    )


@pytest.mark.parametrize("reached", [delta_committed, copied])
def test_a_killed_run_is_repeated_without_harm(
    zone: Zone, tmp_path: Path, reached: Callable[[Zone], bool]
) -> None:
    land_first(zone)
    zone.land("pin", 0, 7, [pin(ind) for ind in range(10, 3_000)])
    with ServiceProcess(zone.settings, "spark_jobs.batch", log=tmp_path / "batch.log") as job:
        # A run takes 15 s on two idle cores; the suite may share them with others.
        wait_until(
            lambda: reached(zone) or not job.running, timeout=180, what=reached.__name__, interval=0.01
        )
        assert job.running, job.output()
        job.kill()
    assert zone.served()["batch.pin"] == []
    assert progress.load(zone.s3, zone.settings.bucket) is None
    wait_until(lambda: not copied(zone), timeout=10, what="the dead run's transaction to end")
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
