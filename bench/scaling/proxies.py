"""One and two REST proxies behind one address."""

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

from bench.ingest import Load, client, fresh_topic
from bench.scaling.cpu import Meter
from bench.scaling.model import Point
from common.settings import Settings
from stack.local.isolated import ServiceProcess, free_port
from stack.local.processes import listens

CONNECTIONS = 16
PROXIES = (1, 2)
SIZES = {1: 16_000, 500: 1_600}  # by the records of a request, how many requests

Points = dict[int, Point]  # by the number of proxies


def measure(settings: Settings, kafka: int) -> dict[int, Points]:
    """Return the points by the records of a request; `kafka` is the broker's process."""
    found: dict[int, Points] = {size: {} for size in SIZES}
    with fresh_topic(settings) as topic:
        for proxies in PROXIES:
            with _served(settings.replace(REST_PROXY_PORT=free_port()), proxies) as (own, pids):
                meters = {"clients": [os.getpid()], "kafka": [kafka], "proxy": pids}
                for size in SIZES:
                    found[size][proxies] = _point(own, topic, size, meters)
    return found


@contextmanager
def _served(settings: Settings, proxies: int) -> Iterator[tuple[Settings, list[int]]]:
    """So many proxies that listen on one port, and their processes."""
    with ExitStack() as running:
        pids = []
        for number in range(proxies):
            log = settings.state_dir / f"proxy-{number}.log"
            proxy = running.enter_context(ServiceProcess(settings, "bench.scaling.shared_port", log=log))
            proxy.wait_healthy(lambda pid=proxy.pid: listens(pid, settings.rest_proxy.port))  # type: ignore[misc]
            pids.append(proxy.pid)
        yield settings, pids


def _point(settings: Settings, topic: str, size: int, groups: dict[str, list[int]]) -> Point:
    _send(
        settings, topic, size, SIZES[size] // 8
    )  # until every thread and every connection to Kafka is there
    meter, began = Meter(groups), time.perf_counter()
    _send(settings, topic, size, SIZES[size])
    return meter.point(size * SIZES[size], time.perf_counter() - began)


def _send(settings: Settings, topic: str, size: int, requests: int) -> None:
    """Send the requests over CONNECTIONS at a time, made anew a few times: they are spread the more evenly."""
    address = (settings.rest_proxy.host, settings.rest_proxy.port)
    loads = [Load(address, topic, size, requests // CONNECTIONS // 4)] * CONNECTIONS * 4
    with ThreadPoolExecutor(CONNECTIONS) as connections:
        list(connections.map(client, loads))
