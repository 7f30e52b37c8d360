"""Measure scheduled runs: all posts cleaned, served and reconciled, a few more of them, and a small set from cold.

Starts a LocalStack and a Postgres of its own, so that nobody's data are touched. The posts are the generator's, landed
as the S3 sink lands them: 10,000 records an object, three partitions.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec
import typer
from pyspark.sql import SparkSession
from pyspark.sql import functions as fn

from bench.report import Row, report
from common.clients import postgres_connection, s3_client
from common.settings import ROOT, Settings
from contracts.landing import ROOT_PREFIX, object_key
from contracts.rows import columns
from contracts.tables import TABLES, Table
from operations.verify.run import reconcile_run
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.source.generator import generate
from spark_jobs.batch.job import run_batch
from spark_jobs.session.spark import spark_session
from spark_jobs.sinks.postgres import SERVED
from stack.local.isolated import launch_server, make_settings

PACKAGES = ("pyspark", "delta-spark", "pyarrow", "psycopg2-binary")
OBJECT_RECORDS, PARTITIONS = 10_000, 3
SMALL = 11_154  # the source's default rows
SEED = 42


def main(posts: int = 1_000_000, write: bool = False) -> None:
    """Measure and print.

    Args:
        posts: how many posts the large run has; a hundredth of them come on top for the second run, and the first
            hundredth comes again for the third.
        write: put the table into docs/benchmarks.md.
    """
    with servers() as (settings, _):
        small = settings.replace(USER_ID="small")
        Landing(small, SMALL).land(SMALL)
        cold = seconds(lambda: run_as_program(small))
        empty_postgres(settings)

        landing = Landing(settings, posts + posts // 100)
        landing.land(posts)
        spark = spark_session(settings, "batch")
        parsing = seconds(lambda: read_and_parse(spark, settings))
        full = scheduled_run(settings, "full", landing)
        copying = bare_copy(settings)
        landing.land(posts // 100)
        more = scheduled_run(settings, "more", landing)
        landing.land_again(posts // 100)
        again = scheduled_run(settings, "again", landing)
        nothing = seconds(lambda: run_batch(settings))
        spark.stop()
    rows = [
        Row(f"{SMALL:,} posts, session start included", cold, "s", aim=10, better="lower"),
        Row(f"reading and parsing {posts:,} posts", parsing, "s"),
        Row("bare COPY of their rows", copying, "s"),
        Row(
            f"{posts:,} posts cleaned and served, against these two",
            full.served,
            "s",
            parsing + copying,
            1.6,
            "lower",
        ),
        Row(f"{posts:,} posts reconciled, all of it read", full.reconciled, "s"),
        *against("1 % more posts", more, full),
        Row("1 % more posts reconciled, against all", more.reconciled, "s", full.reconciled),
        *against("1 % of the posts sent again", again, full),
        Row("nothing new", nothing, "s"),
    ]
    report(f"Batch: clean and serve {posts:,} posts", rows, packages=PACKAGES, write=write)


class Taken(NamedTuple):
    """Seconds of a scheduled run: to clean and serve, and to reconcile."""

    served: float
    reconciled: float


def scheduled_run(settings: Settings, name: str, landing: "Landing") -> Taken:
    """Do what the DAG does with what has landed."""
    served = seconds(lambda: run_batch(settings))
    return Taken(served, seconds(lambda: reconcile_run(settings, name, landing.ends, "all")))


def against(what: str, part: Taken, full: Taken) -> Iterator[Row]:
    """Compare a run of a few posts with the full one, without and with the reconciliation."""
    yield Row(f"{what}, against the full run", part.served, "s", full.served, 0.2, "lower")
    yield Row(f"{what} cleaned, served and reconciled, against all", sum(part), "s", sum(full), 0.2, "lower")


@contextmanager
def servers() -> Iterator[tuple[Settings, dict[str, int]]]:
    """LocalStack and Postgres, with the schema, in a folder that is removed at the end; their processes by name."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        settings = make_settings(Path(folder))
        pids = {name: launch_server(stack, settings, name).pid for name in ("localstack", "postgres")}
        ensure_schema(settings)
        yield settings, pids


class Landing:
    """The landing zone of a user, filled with the generator's posts one after the other."""

    def __init__(self, settings: Settings, posts: int) -> None:
        ensure_bucket(settings)
        self._settings = settings
        self._lines = {table: _lines(table, posts) for table in TABLES}
        self._ends = {table: [0] * PARTITIONS for table in TABLES}

    @property
    def ends(self) -> dict[str, dict[str, int]]:
        """The offsets after the last records, by topic and partition, as the DAG's sensor gives them."""
        return {
            self._settings.topic(table): {str(partition): end for partition, end in enumerate(ends)}
            for table, ends in self._ends.items()
        }

    def land(self, posts: int) -> None:
        """Put the next posts there."""
        self._put(self._lines, posts)

    def land_again(self, posts: int) -> None:
        """Put the first posts there once more, at new offsets."""
        self._put({table: _lines(table, posts) for table in TABLES}, posts)

    def _put(self, lines: Mapping[Table, Iterator[bytes]], posts: int) -> None:
        s3 = s3_client(self._settings)
        for table in TABLES:
            wanted = islice(lines[table], posts)
            ends, size = self._ends[table], min(OBJECT_RECORDS, -(-posts // PARTITIONS))
            for partition in cycle(range(PARTITIONS)):
                records = list(islice(wanted, size))
                if not records:
                    break
                key = object_key(self._settings.topic(table), partition, ends[partition])
                s3.put_object(Bucket=self._settings.bucket, Key=key, Body=b"\n".join(records) + b"\n")
                ends[partition] += len(records)


def _lines(table: Table, posts: int) -> Iterator[bytes]:
    return (msgspec.json.encode(row) for block in generate(table, posts, SEED) for row in block)


def seconds(work: Callable[[], object]) -> float:
    """Return how long the work takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def run_as_program(settings: Settings) -> None:
    """`make batch`, in a process of its own."""
    command = [sys.executable, "-m", "spark_jobs.batch"]
    subprocess.run(command, cwd=ROOT, env=os.environ | settings.environment(), check=True)


def read_and_parse(spark: SparkSession, settings: Settings) -> None:
    """Do what any Spark job over these objects has to do: no rules, no key, no output."""
    for table in TABLES:
        lines = spark.read.text(
            f"s3a://{settings.bucket}/{ROOT_PREFIX}{settings.topic(table)}", recursiveFileLookup=True
        )
        schema = ", ".join(f"{name} string" for name in columns(table))
        rows = lines.select(fn.from_json("value", schema).alias("row")).select("row.*")
        rows.write.format("noop").mode("overwrite").save()


def bare_copy(settings: Settings) -> float:
    """Seconds to COPY the served rows, from files, into empty tables with the same columns and keys."""
    with (
        TemporaryDirectory() as folder,
        closing(postgres_connection(settings)) as connection,
        connection,
        connection.cursor() as cursor,
    ):
        for target in SERVED.values():
            with Path(folder, target.name).open("wb") as file:
                cursor.copy_expert(f"COPY batch.{target.name} TO STDOUT (FORMAT csv)", file)

        def copy() -> None:
            for target in SERVED.values():
                cursor.execute(f"CREATE TABLE public.{target.name} (LIKE batch.{target.name} INCLUDING ALL)")
                with Path(folder, target.name).open("rb") as file:
                    cursor.copy_expert(f"COPY public.{target.name} FROM STDIN (FORMAT csv)", file, 1024**2)
            connection.commit()

        taken = seconds(copy)
        cursor.execute("DROP TABLE public.pin, public.geo, public.users")
        return taken


def empty_postgres(settings: Settings) -> None:
    """As if no run had been."""
    with closing(postgres_connection(settings)) as connection, connection, connection.cursor() as cursor:
        cursor.execute("TRUNCATE batch.pin, batch.geo, batch.users, quarantine.batch")


if __name__ == "__main__":
    typer.run(main)
