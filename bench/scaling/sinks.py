"""One to three S3 sinks in one group, and one to twelve partitions that have records."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

from bench.landing import fresh_user, produce
from bench.scaling.cpu import Meter
from bench.scaling.model import Point
from common.clients import s3_client
from common.settings import Settings
from common.state_file import news
from common.wait import wait_until
from contracts.tables import TABLES
from stack.local.isolated import START_SECONDS, ServiceProcess

OBJECTS = 36
LOOK_SECONDS = 0.1
# A sink lands 50,000 records a second on two idle cores, all of them in 8 s; fifteen times that.
LANDING_SECONDS = 120.0


class Shape(NamedTuple):
    """The numbers of sinks and of partitions that they land."""

    sinks: int
    partitions: int


SHAPES = (Shape(1, 12), Shape(1, 6), Shape(1, 3), Shape(1, 1), Shape(2, 12), Shape(3, 12), Shape(3, 1))


def measure(settings: Settings, servers: Mapping[str, int]) -> dict[Shape, Point]:
    """Return the points; `servers` are the processes of Kafka and LocalStack by their names."""
    found = {}
    with fresh_user(settings.replace(S3_SINK_FLUSH_SECONDS=60), settings.kafka.partitions) as user:
        for number in sorted({shape.sinks for shape in SHAPES}):
            with _running(user, number) as sinks:
                groups = {name: [pid] for name, pid in servers.items()}
                groups |= {"producer": [os.getpid()], "sink": sinks}
                for shape in SHAPES:
                    if shape.sinks == number:
                        found[shape] = _point(user, shape.partitions, groups)
    return found


@contextmanager
def _running(settings: Settings, number: int) -> Iterator[list[int]]:
    """So many sinks, each with its share of the partitions, and their processes."""
    with ExitStack() as running:
        own = [settings.replace(STATE_DIR=settings.state_dir / str(each)) for each in range(number)]
        sinks = []
        for each in own:
            each.state_dir.mkdir(exist_ok=True)
            log = each.state_dir / "sink.log"
            sinks.append(running.enter_context(ServiceProcess(each, "services.s3_sink", log=log)))
        share = len(TABLES) * settings.kafka.partitions // number
        wait_until(
            lambda: [_open(each) for each in own] == [share] * number,
            timeout=START_SECONDS,
            what=f"{number} sinks to have {share} partitions each",
        )
        yield [sink.pid for sink in sinks]


def _open(settings: Settings) -> int:
    """Return how many partitions a sink is ready to land."""
    partitions = news(settings.state_dir, "s3-sink").get("partitions", [])
    return sum(partition["next"] is not None for partition in partitions)


def _point(settings: Settings, partitions: int, groups: Mapping[str, list[int]]) -> Point:
    """Produce OBJECTS full objects while the sinks land them."""
    pages, records = (
        s3_client(settings).get_paginator("list_objects_v2"),
        OBJECTS * settings.s3_sink.flush_records,
    )

    def objects() -> int:
        return sum(page["KeyCount"] for page in pages.paginate(Bucket=settings.bucket))

    before = objects()
    meter, began = Meter(groups), time.perf_counter()
    produce(settings, records, partitions=partitions)
    wait_until(
        lambda: objects() == before + OBJECTS,
        timeout=LANDING_SECONDS,
        interval=LOOK_SECONDS,
        what=f"{records:,} records in S3",
    )
    return meter.point(records, time.perf_counter() - began)
