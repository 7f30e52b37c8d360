"""Measure the growth of a batch run's cost with the posts: seconds, memory of each service, and the exponent.

Each size has servers and a Spark of its own, one after the other. With the exponent 1 ten times the posts take ten
times the seconds; a step that compares each row with each other one would show as an exponent of 2.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from itertools import pairwise
from math import log
from typing import Annotated, NamedTuple

import psutil
import typer

from bench.batch import PACKAGES, Landing, seconds, servers
from bench.ingest import in_process
from bench.report import Row, report
from bench.sampling import repeated
from bench.scaling.cpu import processes_of
from bench.spark_lab import jvm
from common.clients import postgres_connection, s3_client
from common.settings import Settings
from contracts.landing import ROOT_PREFIX
from operations.verify.run import reconcile_run
from spark_jobs.batch.job import run_batch
from spark_jobs.session.spark import spark_session

AIM = 1.1
LOOK_SECONDS = 1.0
GIB = 1024**3


class Size(NamedTuple):
    """The cost of a run of one size.

    Attributes:
        cleaned: seconds until all is in Delta and Postgres.
        reconciled: seconds to compare the stages afterwards.
        memory: bytes at its peak, shared pages divided among those who share them, by service.
        stored: bytes that are kept, by place.
    """

    posts: int
    cleaned: float
    reconciled: float
    memory: dict[str, float]
    stored: dict[str, int]


def main(
    sizes: Annotated[list[int] | None, typer.Argument(help="Posts of each run, ascending.")] = None,
    write: Annotated[bool, typer.Option(help="Put the table into docs/benchmarks.md.")] = False,
) -> None:
    """Measure and print."""
    found = [in_process(measure, posts) for posts in sizes or (1_000_000, 3_000_000)]
    rows = [row for size in found for row in _rows(size)]
    rows += [row for smaller, larger in pairwise(found) for row in _exponents(smaller, larger)]
    report("Growth of a batch run", rows, packages=PACKAGES, write=write)


def measure(posts: int) -> Size:
    """Land the posts, clean and serve all of them, and reconcile."""
    with servers() as (settings, pids):
        landing = Landing(settings, posts)
        landing.land(posts)
        spark = spark_session(settings, "batch")
        with peaks({"Spark": jvm(spark), "the driver's Python": os.getpid(), **pids}) as memory:
            cleaned = seconds(lambda: run_batch(settings))
            reconciled = seconds(lambda: reconcile_run(settings, "full", landing.ends, "all"))
        spark.stop()
        return Size(posts, cleaned, reconciled, memory, stored(settings))


def stored(settings: Settings) -> dict[str, int]:
    """Return the bytes that are kept, by place."""
    pages = s3_client(settings).get_paginator("list_objects_v2").paginate(Bucket=settings.bucket)
    found = dict.fromkeys(("the landing zone", "Delta tables", "Postgres"), 0)
    for item in (item for page in pages for item in page.get("Contents", [])):
        found["the landing zone" if item["Key"].startswith(ROOT_PREFIX) else "Delta tables"] += item["Size"]
    with closing(postgres_connection(settings)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database())")
        [[found["Postgres"]]] = cursor.fetchall()
    return found


@contextmanager
def peaks(pids: Mapping[str, int], interval: float = LOOK_SECONDS) -> Iterator[dict[str, float]]:
    """While it lasts, the most bytes that each of the processes has had, with all that it started."""
    most = dict.fromkeys(pids, 0.0)

    def look() -> None:
        for name, pid in pids.items():
            most[name] = max(most[name], sum(map(_proportional, processes_of(pid))))

    with repeated(look, interval):
        yield most


def _proportional(process: psutil.Process) -> float:
    try:
        return float(process.memory_full_info().pss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has ended
        return 0.0


def _rows(size: Size) -> Iterator[Row]:
    yield Row(f"{size.posts:,} posts cleaned and served", size.cleaned, "s")
    yield Row(f"{size.posts:,} posts reconciled", size.reconciled, "s")
    for name, most in size.memory.items():
        yield Row(f"{size.posts:,} posts: memory of {name} at its peak", most / GIB, "GiB")
    for place, kept in size.stored.items():
        yield Row(f"{size.posts:,} posts: kept in {place}", kept / size.posts, "bytes/post")


def _exponents(smaller: Size, larger: Size) -> Iterator[Row]:
    between = f"from {smaller.posts:,} to {larger.posts:,} posts"
    for what, before, after in (
        ("cleaning and serving", smaller.cleaned, larger.cleaned),
        ("reconciling", smaller.reconciled, larger.reconciled),
    ):
        yield Row(
            f"{what}, {between}: exponent",
            exponent(smaller.posts, before, larger.posts, after),
            "",
            aim=AIM,
            better="lower",
        )


def exponent(posts: int, before: float, more: int, after: float) -> float:
    """Return the power of the number of posts with which the cost grows."""
    return log(after / before) / log(more / posts)


if __name__ == "__main__":
    typer.run(main)
