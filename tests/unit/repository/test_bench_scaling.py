"""The model of the scaling benchmark: what decides over a rate, and what a rate of posts takes."""

import os
import re
import threading
import time

import pytest

from bench.scaling.cpu import Meter
from bench.scaling.model import Point, Share, predicted
from bench.scaling.projection import RATES, Costs, Need, amount, needs, table
from common.settings import ROOT
from common.wait import wait_until

COSTS = Costs(
    proxy_single=200e-6,
    proxy_many=3e-6,
    kafka=3e-6,
    sink=6e-6,
    writer=60e-6,
    upsert=30e-6,
    batch=60e-6,
    copy=9e-6,
)


def _point(seconds: float, sink: float, s3: float, kafka: float = 0.0) -> Point:
    return Point(seconds, {"sink": Share(sink, sink), "s3": Share(s3, s3), "kafka": Share(kafka, kafka / 4)})


@pytest.mark.parametrize(
    ("one", "instances", "cores", "rate"),
    [
        (_point(10e-6, sink=3e-6, s3=1e-6), 1, 2, 100_000),  # as measured
        (
            _point(10e-6, sink=3e-6, s3=1e-6),
            3,
            2,
            300_000,
        ),  # each waits most of the time: three times as many
        (_point(10e-6, sink=6e-6, s3=1e-6, kafka=5e-6), 3, 2, 166_667),  # 12 µs of CPU, on two cores
        (_point(10e-6, sink=6e-6, s3=1e-6, kafka=5e-6), 3, 16, 300_000),  # enough cores
        (_point(10e-6, sink=3e-6, s3=5e-6), 3, 16, 200_000),  # the one S3 has a core to give
        (
            _point(10e-6, sink=3e-6, s3=1e-6, kafka=20e-6),
            3,
            16,
            200_000,
        ),  # Kafka's busiest thread has 5 µs of 20
    ],
)
def test_the_slowest_of_instances_cores_and_other_processes_decides(
    one: Point, instances: int, cores: int, rate: float
) -> None:
    assert predicted(one, "sink", instances, cores) == pytest.approx(rate, rel=1e-4)


def test_what_the_instances_only_wait_for_is_not_divided() -> None:
    one = Point(50e-6, {"executors": Share(40e-6, 40e-6), "driver": Share(10e-6, 10e-6)})
    assert predicted(one, "executors", 2, 16, alone=10e-6) == pytest.approx(1 / 30e-6)
    assert predicted(one, "executors", 4, 16, alone=10e-6) == pytest.approx(1 / 20e-6)


def test_a_point_has_the_rate_and_the_cpu_of_all_its_processes() -> None:
    point = _point(10e-6, sink=3e-6, s3=1e-6, kafka=2e-6)
    assert [point.rate, point.cpu] == pytest.approx([100_000, 6e-6])


def test_the_meter_tells_the_busiest_thread_from_all_of_them() -> None:
    meter, done = Meter({"this": [os.getpid()]}), threading.Event()

    def spin() -> None:
        while time.thread_time() < 0.3:
            pass
        done.wait()

    def both_seen() -> bool:
        share = meter.point(10, 5.0).shares["this"]
        # The busiest of all threads, and what the others took: 0.3 s each at least, less five ticks of the clock.
        return share.busiest >= 0.025 and share.cpu - share.busiest >= 0.025

    threads = [threading.Thread(target=spin) for _ in range(2)]
    for thread in threads:
        thread.start()
    # They take 0.6 s of a core; a minute is for cores that others keep busy.
    wait_until(both_seen, timeout=60, what="the CPU of two threads")
    done.set()
    for thread in threads:
        thread.join()


def _of(part: str, unit: str = "cores") -> Need:
    [found] = [need for need in needs(COSTS) if (need.part, need.unit) == (part, unit)]
    return found


@pytest.mark.parametrize(
    ("part", "unit", "amounts"),
    [
        ("records", "a second", (3_000, 300_000, 30_000_000)),
        ("data", "MB/s", (0.96, 96, 9_600)),
        # 200 µs of a core a record, of which 0.6 are planned for
        ("REST proxies, 1 record a request", "cores", (1, 100, 10_000)),
        ("Kafka's brokers, by what they write", "brokers", (3, 3, 220)),
        # pin's 750 bytes are less than a shard takes, 1,000 records are what it takes
        ("Kinesis, all three streams", "shards", (3, 300, 30_000)),
        # an hour's posts in half an hour
        ("batch run each hour", "cores", (1, 20, 2_000)),
        ("rows in Postgres after 30 days", "billions", (7.776, 777.6, 77_760)),
    ],
)
def test_what_a_rate_takes(part: str, unit: str, amounts: tuple[float, ...]) -> None:
    assert _of(part, unit).amounts == pytest.approx(amounts)


def test_objects_are_those_of_partitions_whose_time_is_up_or_full_ones() -> None:
    few, _, many = _of("objects put into S3", "a second").amounts
    assert few == 2  # three partitions, each every 2 s
    assert many >= 30_000_000 / 10_000


@pytest.mark.parametrize(
    ("value", "text"),
    [(3.0, "3"), (0.083, "0.083"), (2.59, "2.6"), (96.0, "96"), (777.6, "778"), (30_049, "30,000")],
)
def test_an_amount_is_rounded_for_readers(value: float, text: str) -> None:
    assert amount(value) == text


def test_the_document_has_the_table_with_every_part() -> None:
    document = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    [written] = re.findall(r"<!-- begin what-it-takes -->\n(.*?)\n<!-- end what-it-takes -->", document, re.S)
    expected = table(needs(COSTS)).splitlines()
    parts = [line.split(" | ")[0] for line in written.splitlines()]
    assert parts == [line.split(" | ")[0] for line in expected]
    assert written.splitlines()[0] == expected[0]
    assert all(f"{rate:,} posts/s" in expected[0] for rate in RATES)
