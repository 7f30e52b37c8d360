"""Times of all years after a batch run: the same in Postgres and for each reader of the Delta tables."""

import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common import batch_progress as progress
from common.clients import postgres_connection
from spark_jobs.sinks import delta
from tests.integration.batch.zone import Zone
from tests.integration.times import TIME_COLUMNS, served_times, stored_times
from tests.records import geo, pin, user
from tests.times import MICROS, TIMES


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
        zone.spark.conf.set("spark.sql.parquet.outputTimestampType", output)
        earlier.setattr("spark_jobs.session.spark.spark_session", lambda *_, **__: zone.spark)
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
