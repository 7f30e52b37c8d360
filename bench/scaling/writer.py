"""The streaming writer's way from a topic to Postgres."""

import os
import time
from collections.abc import Mapping
from contextlib import closing

from bench.scaling.cpu import Meter
from bench.scaling.model import Point
from bench.streaming import Watch, to_topic
from common import health
from common.clients import postgres_connection
from common.settings import Settings
from common.wait import wait_until
from stack.local.isolated import ServiceProcess

# The writer takes 10,000 records a second and more on two idle cores, all of them in 30 s; ten times that.
SERVING_SECONDS = 300.0
CHUNK = 20_000  # the producer holds up to 100,000
_SERVED = (
    'SELECT coalesce(sum((SELECT max("offset") + 1 FROM experimental_data WHERE topic = %s AND partition = p)), 0)'
    " FROM generate_series(0, %s) AS p"
)


def measure(settings: Settings, servers: Mapping[str, int], records: int) -> Point:
    """Return the point of so many records that wait for it; `servers` are Kafka and Postgres by their names."""
    log = settings.state_dir / "writer.log"
    with ServiceProcess(settings, "spark_jobs.streaming", log=log) as writer:
        writer.wait_healthy(lambda: health.problem("streaming-writer", settings) is None)
        _through(settings, records, 0)  # the JVM compiles what runs often
        groups = {name: [pid] for name, pid in servers.items()}
        meter = Meter(groups | {"producer": [os.getpid()], "writer": [writer.pid]})
        return meter.point(records, _through(settings, records, records))


def _through(settings: Settings, records: int, before: int) -> float:
    """Send the records; the seconds until all are served."""
    send, began = to_topic(settings), time.perf_counter()
    for _ in range(records // CHUNK):
        send(CHUNK, Watch())
        send(0, Watch())
    topic, last = settings.rest_proxy.pin_streaming_topic, settings.kafka.partitions - 1
    with closing(postgres_connection(settings, database="pinterest_streaming")) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:

            def served() -> bool:
                cursor.execute(_SERVED, (topic, last))
                [[count]] = cursor.fetchall()
                return int(count) == before + records

            wait_until(served, timeout=SERVING_SECONDS, what=f"{records:,} records in Postgres")
    return time.perf_counter() - began
