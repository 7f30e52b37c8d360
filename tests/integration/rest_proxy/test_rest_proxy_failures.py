"""The REST proxy when Kafka stalls or dies, when there is too much to do, and when it is told to stop.

A stopped broker (SIGSTOP) keeps its connections and answers nothing: what is sent to it stays in flight until
it goes on (SIGCONT), and is lost when it is killed.
"""

import itertools
import os
import signal
import socket
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import pytest

from common import health
from common.settings import Settings
from common.wait import wait_until
from services.provision.kafka_rights import ensure_rights
from services.rest_proxy.records import JSON_TYPE
from stack.local.isolated import ServiceProcess, make_settings
from tests.integration.rest_proxy.proxy import (
    ANSWER_SECONDS,
    DELIVERY_SECONDS,
    Proxy,
    answers,
    new_topic,
    places,
    read_all,
    running_proxy,
)
from tests.processes import launch_server


@dataclass
class Broker:
    """A broker that a test may stall, kill and start again."""

    settings: Settings
    process: ServiceProcess

    def stall(self) -> None:
        """Return once it has stopped: its threads go on until the one that the signal went to has a processor."""
        self._signal(signal.SIGSTOP)
        wait_until(self._has_stopped, timeout=60, what="the broker to stop")

    def go_on(self) -> None:
        self._signal(signal.SIGCONT)

    @contextmanager
    def stalled(self) -> Iterator[None]:
        self.stall()
        try:
            yield
        finally:
            self.go_on()

    def start(self) -> None:
        """Start it again on its data."""
        self.process.start()
        self.process.wait_healthy(lambda: health.problem("kafka", self.settings) is None)

    def _signal(self, number: int) -> None:
        assert self.process.process is not None
        os.killpg(self.process.process.pid, number)

    def _has_stopped(self) -> bool:
        broker = psutil.Process(self.process.pid)
        return {each.status() for each in (broker, *broker.children(recursive=True))} == {
            psutil.STATUS_STOPPED
        }


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    settings = make_settings(tmp_path_factory.mktemp("broker"), KAFKA_HEAP_MB=256)
    with ExitStack() as stack:
        server = launch_server(stack, settings, "kafka")
        ensure_rights(settings)
        yield Broker(settings, server)


@pytest.fixture
def topic(broker: Broker) -> str:
    return new_topic(broker.settings)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(16) as pool:
        yield pool


def batch(first: int, count: int) -> object:
    return {"records": [{"value": number} for number in range(first, first + count)]}


def values(broker: Broker, topic: str) -> list[int]:
    """All values of the topic, duplicates included."""
    return sorted(int(message.value() or b"") for message in read_all(broker.settings, topic).values())


def codes(answer: httpx.Response) -> set[int | None]:
    assert answer.status_code == 200, answer.text
    return {entry["error_code"] for entry in answer.json()["offsets"]}


def send(
    pool: ThreadPoolExecutor, proxy: Proxy, topic: str, body: object, count: int
) -> Future[httpx.Response]:
    """A request all of whose `count` records wait for Kafka, the only one; for while the broker is stalled."""
    future = pool.submit(proxy.post, topic, body)

    def in_flight() -> bool:
        assert not future.done(), future.result().text
        return proxy.health()[1]["records_in_flight"] == count

    wait_until(in_flight, timeout=60, what=f"{count} records in flight")
    return future


def test_a_request_of_which_only_a_part_fits_is_refused_whole(
    broker: Broker, topic: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    with running_proxy(broker.settings, tmp_path, REST_PROXY_QUEUE_RECORDS=1000) as proxy:
        places(proxy.post(topic, batch(0, 1)))
        with broker.stalled():
            waiting = send(pool, proxy, topic, batch(1, 600), 600)
            refused = proxy.post(topic, batch(10_000, 401))
            assert (refused.status_code, refused.json()["error_code"]) == (503, 50301)
            assert int(refused.headers["retry-after"]) >= 1
            fitting = pool.submit(proxy.post, topic, batch(601, 400))
        assert len(places(waiting.result())) == 600
        assert len(places(fitting.result())) == 400
        assert values(broker, topic) == list(range(1001))
        assert len(places(proxy.post(topic, batch(1001, 401)))) == 401


def test_memory_stays_bounded_and_every_record_is_acknowledged_or_refused(
    broker: Broker, topic: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    queue = 8 * 1024**2
    limits = {
        "REST_PROXY_QUEUE_BYTES": queue,
        "REST_PROXY_MAX_BODY_BYTES": 2 * 1024**2,
        "REST_PROXY_DELIVERY_TIMEOUT_SECONDS": DELIVERY_SECONDS,  # longer than the broker is stalled
    }
    body = {"records": [{"value": n, "key": "x" * 1000} for n in range(1000)]}
    with running_proxy(broker.settings, tmp_path, **limits) as proxy:
        places(proxy.post(topic, body))
        assert proxy.process.process is not None
        memory = psutil.Process(proxy.process.pid).memory_info
        before = memory().rss
        with broker.stalled():
            requests = [pool.submit(proxy.post, topic, body) for _ in range(100)]
            # A body has a little over 1 MB: eight fit and wait, the other threads are refused again and again.
            wait_until(lambda: sum(f.done() for f in requests) == 92, timeout=60, what="92 refusals")
            grown = memory().rss - before
        answered = [future.result().status_code for future in requests]
        assert (answered.count(200), answered.count(503)) == (8, 92)
        # A body, its records and the client's copies of them, and as much again for the heap's gaps.
        assert grown < 6 * queue
        assert len(values(broker, topic)) == 1000 * (1 + 8)


def test_without_room_a_body_is_refused_before_it_is_sent(
    broker: Broker, topic: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    limits = {"REST_PROXY_QUEUE_BYTES": 100_000, "REST_PROXY_MAX_BODY_BYTES": 100_000}
    with running_proxy(broker.settings, tmp_path, **limits) as proxy:
        places(proxy.post(topic, batch(0, 1)))  # so that it knows the topic
        with broker.stalled():
            waiting = send(pool, proxy, topic, {"records": [{"value": "x" * 60_000}]}, 1)
            address = ("127.0.0.1", proxy.settings.rest_proxy.port)
            with socket.create_connection(address, ANSWER_SECONDS) as connection:
                head = f"POST /topics/{topic} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {JSON_TYPE}\r\n"
                connection.sendall(f"{head}Content-Length: 60000\r\n\r\n".encode())
                assert connection.recv(65536).startswith(b"HTTP/1.1 503")
        places(waiting.result())


def test_kafka_killed_with_records_in_flight_then_back_in_time_acknowledges_them_once(
    broker: Broker, topic: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    # A broker is back after 5 to 15 s here; beside other suites it took over 60.
    limits = {"REST_PROXY_DELIVERY_TIMEOUT_SECONDS": DELIVERY_SECONDS}
    with running_proxy(broker.settings, tmp_path, **limits) as proxy:
        places(proxy.post(topic, batch(0, 500)))
        broker.stall()
        waiting = send(pool, proxy, topic, batch(500, 500), 500)
        broker.process.kill()
        broker.start()
        assert len(places(waiting.result())) == 500
        assert values(broker, topic) == list(range(1000))


def test_kafka_dead_for_longer_is_a_retriable_error_a_record_and_then_all_is_well(
    broker: Broker, topic: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    with running_proxy(broker.settings, tmp_path, REST_PROXY_DELIVERY_TIMEOUT_SECONDS=5.0) as proxy:
        places(proxy.post(topic, batch(0, 10)))
        broker.stall()
        waiting = send(pool, proxy, topic, batch(10, 10), 10)
        broker.process.kill()
        assert codes(waiting.result()) == {50003}
        assert codes(proxy.post(topic, batch(10, 10))) == {50003}
        unknown = proxy.post("unknown", batch(0, 1))
        assert (unknown.status_code, unknown.json()["error_code"]) == (503, 50302)
        assert int(unknown.headers["retry-after"]) >= 1
        status, body = proxy.health()
        assert (status, body["status"], body["kafka_cluster_id"]) == (503, "unhealthy", None)
        assert "Kafka does not answer" in str(body["reason"])
        broker.start()
        proxy.wait_healthy()
        places(proxy.post(topic, batch(10, 10)))
        assert values(broker, topic) == list(range(20))


def test_without_kafka_it_starts_and_says_so(tmp_path: Path) -> None:
    with running_proxy(make_settings(tmp_path), tmp_path) as proxy:
        assert proxy.health()[0] == 503
        answer = proxy.post("any", batch(0, 1))
        assert (answer.status_code, answer.json()["error_code"]) == (503, 50302)
        assert proxy.client.get("/topics").status_code == 503
        assert proxy.process.stop() == 0


def test_a_stop_answers_what_is_in_flight(
    broker: Broker, topic: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    with running_proxy(broker.settings, tmp_path) as proxy:
        places(proxy.post(topic, batch(0, 1)))
        with broker.stalled():
            waiting = send(pool, proxy, topic, batch(1, 500), 500)
            proxy.process.signal(signal.SIGTERM)
            with httpx.Client(base_url=proxy.settings.rest_proxy.url, timeout=ANSWER_SECONDS) as newcomer:
                wait_until(lambda: not answers(newcomer), timeout=60, what="new connections to be refused")
            assert not waiting.done()
        assert len(places(waiting.result())) == 500
        wait_until(lambda: not proxy.process.running, timeout=60, what="the proxy to end")
        assert proxy.process.stop() == 0
        assert values(broker, topic) == list(range(501))


def test_a_stop_under_load_writes_what_it_acknowledged_and_nothing_else(
    broker: Broker, topic: str, pool: ThreadPoolExecutor, tmp_path: Path
) -> None:
    numbers = itertools.count()
    with running_proxy(broker.settings, tmp_path) as proxy:

        def post_until_stopped(_: int) -> list[int]:
            acknowledged: list[int] = []
            with httpx.Client(base_url=proxy.settings.rest_proxy.url, timeout=ANSWER_SECONDS) as client:
                while True:
                    mine = [next(numbers) for _ in range(20)]
                    body = {"records": [{"value": number} for number in mine]}
                    try:
                        answer = client.post(
                            f"/topics/{topic}", json=body, headers={"Content-Type": JSON_TYPE}
                        )
                    except httpx.TransportError:
                        return acknowledged
                    assert len(places(answer)) == 20
                    acknowledged += mine

        clients = [pool.submit(post_until_stopped, client) for client in range(8)]
        wait_until(lambda: next(numbers) > 20_000, timeout=60, what="20,000 records sent")
        assert proxy.process.stop() == 0
        acknowledged = sorted(number for client in clients for number in client.result())
    assert len(acknowledged) > 10_000
    assert values(broker, topic) == acknowledged
