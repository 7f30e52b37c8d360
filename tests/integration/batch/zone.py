"""A landing zone of a test's own: what is landed there by hand, the runs that read it, what they made of it."""

import json
from contextlib import closing
from typing import Any

from psycopg2.extras import RealDictCursor
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from common.bucket import bucket_id, lost_tables
from common.clients import postgres_connection, s3_client
from common.settings import Settings
from contracts.delta_tables import QUARANTINE
from contracts.landing import object_key
from contracts.tables import TABLES, Table
from operations.verify import batch as verify_batch
from services.provision.bucket import ensure_bucket
from spark_jobs.batch.job import run_batch
from spark_jobs.batch.run import Report
from spark_jobs.sinks import delta
from tests.buckets import delete_bucket
from tests.records import geo, pin, user

Record = dict[str, Any] | str | None
Row = dict[str, Any]


class Zone:
    """A bucket of its own, and the batch job on it."""

    def __init__(self, settings: Settings, spark: SparkSession) -> None:
        self.settings, self.spark = settings, spark
        self.s3 = s3_client(settings)
        ensure_bucket(settings)

    def land(self, table: Table, partition: int, start: int, records: list[Record]) -> None:
        """Put an object as the sink does; a record that is text is put as it is."""
        lines = (each if isinstance(each, str) else json.dumps(each, ensure_ascii=False) for each in records)
        key = object_key(self.settings.topic(table), partition, start)
        body = "".join(f"{line}\n" for line in lines).encode()
        self.s3.put_object(Bucket=self.settings.bucket, Key=key, Body=body)

    def run(self, *, full: bool = False) -> Report | None:
        """Run the batch job in this process."""
        return run_batch(self.settings, full=full)

    def counts(self, report: Report | None) -> dict[str, tuple[int, int, int, int]]:
        """Return each table's records of a run: read, cleaned, duplicate, quarantined."""
        assert report is not None
        return {
            each.table: (each.read, each.cleaned, each.duplicate, each.quarantined)
            for each in report.accounts
        }

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with closing(postgres_connection(self.settings)) as connection, connection.cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def rows(self, query: str) -> list[Row]:
        """Return the rows of a query, by the names of its columns."""
        connection = closing(postgres_connection(self.settings))
        with connection as mine, mine.cursor(cursor_factory=RealDictCursor) as cursor:
            cursor.execute(query)
            return [dict(row) for row in cursor.fetchall()]

    def served(self) -> dict[str, list[Row]]:
        """Return what Postgres has: the rows of each table, and the quarantine."""
        rows = {table: self.rows(f"TABLE {table} ORDER BY ind") for table in _SERVED}
        return rows | {"quarantine": self.rows(_QUARANTINE)}

    def stored(self) -> dict[str, list[str]]:
        """Return what the Delta tables have, each row as JSON."""
        found = {}
        for name in (*TABLES, QUARANTINE):
            path = delta.location(self.settings, name)
            if delta.exists(self.settings, path):
                rows = (
                    self.spark.read.format("delta").load(path).select(fn.to_json(fn.struct("*")).alias("row"))
                )
                found[name] = sorted(each["row"] for each in rows.collect())
        return found

    def problems(self, table: Table, ends: dict[int, int]) -> list[str]:
        """Return what `make verify` says of a table."""
        with closing(postgres_connection(self.settings, "analyst")) as connection:
            return verify_batch.check(self.settings, connection, table, ends, lost=False).problems

    def lose_bucket(self) -> None:
        """Remove the bucket with all that is in it."""
        delete_bucket(self.settings)

    def lost(self, settings: Settings | None = None) -> list[Table]:
        """Return what `make verify` and provisioning's watch take for lost."""
        mine = settings or self.settings
        with closing(postgres_connection(mine, "analyst")) as connection:
            return lost_tables(connection, mine, bucket_id(self.s3, mine.bucket))


_SERVED = ("batch.pin", "batch.geo", "batch.users")
_QUARANTINE = 'SELECT topic, partition, "offset", reasons, raw FROM quarantine.batch ORDER BY 1, 2, 3'


def picked(rows: list[Row], *columns: str) -> list[tuple[Any, ...]]:
    """Return these columns of the rows."""
    return [tuple(row[column] for column in columns) for row in rows]


def land_first(zone: Zone) -> None:
    """Land good, repeated, malformed and misplaced records, over partitions."""
    zone.land("pin", 0, 0, [pin(1), pin(2, title="old"), "{broken", pin(3, follower_count="many")])
    zone.land("pin", 0, 4, [pin(2, title="new\x00\n\U0001f600 \\ \" '"), geo(4), "null"])
    zone.land("pin", 2, 0, [pin(1, title="same offset, higher partition wins"), "a\x00b"])
    zone.land("geo", 1, 0, [geo(1), geo(2, latitude=91), geo(3, country=None, latitude=None)])
    # As the sink lands holes in Kafka's offsets: an empty object, also as a partition's first or newest.
    zone.land("geo", 1, 3, [])
    zone.land("user", 0, 0, [])
    zone.land("user", 0, 7, [user(1), user(2, age=-1), user(2, last_name="User Info Error")])
