"""`python -m emulator` through a real API Gateway: to Kafka's topics and Kinesis' streams, at once or one of them."""

import json
import re
import secrets
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgspec
import pytest

from common.api import invoke_url
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES, Table
from services.provision.api import ensure_api
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_topics
from services.source.fill import ensure_source
from services.source.generator import generate
from stack.local.isolated import ServiceProcess, free_port
from tests.integration.rest_proxy.proxy import end_offsets, read_all, running_proxy
from tests.kinesis_records import records
from tests.processes import launch_server

ROWS = 1_200
# 3,600 records into Kafka take 2 s and 3,000 into Kinesis 20 s at the default rate; on a busy machine three times that.
RUN_SECONDS = 90.0


@pytest.fixture(scope="module")
def stack(
    kafka: Settings, localstack: Settings, mysql: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """MySQL with ROWS posts, and a REST proxy."""
    settings = mysql.replace(SOURCE_ROWS=ROWS, SOURCE_SEED=5, KAFKA_PARTITIONS=1)
    assert settings.aws.endpoint_url == localstack.aws.endpoint_url
    ensure_source(settings)
    with running_proxy(kafka, tmp_path_factory.mktemp("proxy")) as proxy:
        yield settings.replace(API_REST_PROXY_URL=proxy.settings.rest_proxy.url)


@pytest.fixture
def fresh(stack: Settings) -> Settings:
    """The same stack with topics, streams and an API of the test's own."""
    settings = stack.replace(USER_ID=secrets.token_hex(6))
    ensure_topics(settings)
    ensure_streams(settings)
    ensure_api(settings)
    return settings


class Emulator(ServiceProcess):
    """A run of the emulator."""

    def __init__(self, settings: Settings, folder: Path, *words: object) -> None:
        log = folder / f"emulator.{secrets.token_hex(4)}.log"
        super().__init__(settings, "emulator", *map(str, words), log=log, env={"COLUMNS": "200"})

    def end(self) -> int:
        """Wait for the end; its exit status."""
        assert self.process is not None
        return self.process.wait(RUN_SECONDS)

    def counts(self) -> dict[str, tuple[int, ...]]:
        """Read, acknowledged, failed of each topic and stream, from the printed summary."""
        rows = re.findall(r"│ ([\w.-]+) +│ +([\d,]+) │ +([\d,]+) │ +([\d,]+) │", self.output())
        return {name: tuple(int(number.replace(",", "")) for number in numbers) for name, *numbers in rows}


def run(settings: Settings, folder: Path, *words: object) -> Emulator:
    with Emulator(settings, folder, *words) as emulator:
        assert emulator.end() == 0, emulator.output()
        return emulator


def rows(table: Table, count: int) -> list[tuple[str, bytes]]:
    """Return what a stream gets of the first posts: their keys as text, and their bytes."""
    made = [row for block in generate(table, ROWS, 5) for row in block][:count]
    encoded = [msgspec.json.encode(row) for row in made]
    key = "index" if table == "pin" else "ind"
    return [(str(json.loads(data)[key]), data) for data in encoded]


def in_kafka(settings: Settings, table: Table) -> list[bytes | None]:
    found = read_all(settings, settings.topic(table))
    return [found[place].value() for place in sorted(found)]


def test_topics_get_all_posts_and_streams_the_first_at_once(fresh: Settings, tmp_path: Path) -> None:
    quick = fresh.replace(STREAM_RATE=300.0, STREAM_LIMIT=700)
    emulator = run(quick, tmp_path)
    expected = {fresh.topic(table): (ROWS, ROWS, 0) for table in TABLES}
    expected |= {fresh.stream(table): (700, 700, 0) for table in TABLES}
    expected["all"] = (3 * (ROWS + 700), 3 * (ROWS + 700), 0)
    assert emulator.counts() == expected
    assert re.search(r"^batch: 3,600 records acknowledged in ", emulator.output(), re.M)
    assert re.search(r"^stream: 2,100 records acknowledged in ", emulator.output(), re.M)
    for table in TABLES:
        assert in_kafka(fresh, table) == [data for _, data in rows(table, ROWS)]
        assert records(fresh, fresh.stream(table), 700) == rows(table, 700)


def test_one_of_the_two_leaves_the_other_alone(fresh: Settings, tmp_path: Path) -> None:
    batch = run(fresh, tmp_path, "batch", "--limit", 10)
    assert batch.counts().keys() == {*map(fresh.topic, TABLES), "all"}
    assert records(fresh, fresh.stream("pin"), 0) == []
    stream = run(fresh, tmp_path, "stream", "--limit", 30, "--start-after", 9, "--rate", 1000, "--batch", 7)
    assert stream.counts() == {**{fresh.stream(table): (30, 30, 0) for table in TABLES}, "all": (90, 90, 0)}
    assert records(fresh, fresh.stream("user"), 30) == rows("user", 40)[10:]
    assert sum(end_offsets(fresh, fresh.topic("user")).values()) == 10


def test_the_streams_keep_their_rate(fresh: Settings, tmp_path: Path) -> None:
    emulator = run(fresh.replace(STREAM_LIMIT=150), tmp_path, "stream")
    found = re.search(r"stream: 450 records acknowledged in ([\d.]+) s", emulator.output())
    assert found, emulator.output()
    # 50 posts a second, 25 at a time: the first go at once, the last 2.5 s later, or more on a busy machine.
    assert float(found[1]) >= 2.4


def test_an_interruption_says_how_each_goes_on(fresh: Settings, tmp_path: Path) -> None:
    # The posts take 24 s, of which the first two are enough: on a busy machine too it is interrupted amid them.
    with Emulator(fresh, tmp_path, "--rate", 50) as emulator:
        wait_until(lambda: "records, " in emulator.output(), timeout=60, what="the first records")
        wait_until(
            lambda: sum(end_offsets(fresh, fresh.topic("pin")).values()) > 100, timeout=60, what="100 posts"
        )
        emulator.signal(signal.SIGINT)
        assert emulator.end() == 130, emulator.output()
    counts = emulator.counts()
    for route, name in (("batch", fresh.topic("pin")), ("stream", fresh.stream("pin"))):
        read, acknowledged, failed = counts[name]
        assert (0 < read < ROWS, acknowledged, failed) == (True, read, 0)
        assert f"To go on: {route} --start-after {read - 1}\n" in emulator.output()


def test_missing_streams_are_reported_and_the_topics_go_on(stack: Settings, tmp_path: Path) -> None:
    settings = stack.replace(USER_ID=secrets.token_hex(6))
    ensure_topics(settings)
    ensure_api(settings)
    with Emulator(settings, tmp_path, "--limit", 20) as emulator:
        assert emulator.end() == 1
    counts = emulator.counts()
    assert [counts[settings.topic(table)] for table in TABLES] == [(20, 20, 0)] * 3
    assert [counts[settings.stream(table)] for table in TABLES] == [(20, 0, 20)] * 3
    assert "first index 0, 1, 2, 3, 4: HTTP 400: ResourceNotFoundException" in emulator.output()


def test_without_the_api_it_says_what_to_do(stack: Settings, tmp_path: Path) -> None:
    nobody = stack.replace(USER_ID=secrets.token_hex(6))
    away = stack.replace(AWS_ENDPOINT_URL=f"http://127.0.0.1:{free_port()}")
    for settings in (nobody, away):
        with Emulator(settings, tmp_path, "--patience", 1) as emulator:
            assert emulator.end() == 1
        assert "API Gateway" in emulator.output()
        assert "make up" in emulator.output()
        assert "Traceback" not in emulator.output()


def test_localstack_killed_and_provisioned_again_on_the_way_loses_nothing(
    stack: Settings, tmp_path: Path
) -> None:
    port = free_port()
    values = {
        "LOCALSTACK_PORT": port,
        "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
        "STATE_DIR": tmp_path,
        "USER_ID": secrets.token_hex(6),
    }
    settings = stack.replace(**values)
    ensure_topics(settings)
    with ExitStack() as servers:
        server = launch_server(servers, settings, "localstack")
        ensure_streams(settings)
        ensure_api(settings)
        url = invoke_url(settings)
        emulator = servers.enter_context(
            Emulator(settings, tmp_path, "--rate", 100, "--limit", 1_000, "--patience", 200)
        )
        wait_until(
            lambda: sum(end_offsets(settings, settings.topic("pin")).values()) > 100,
            timeout=60,
            what="100 posts",
        )
        server.kill()
        wait_until(lambda: "trying again" in emulator.output(), timeout=60, what="the emulator to notice")
        launch_server(servers, settings, "localstack")
        wait_until(lambda: "HTTP 404" in emulator.output(), timeout=60, what="the API to be missed")
        ensure_streams(settings)
        assert ensure_api(settings) == url
        assert emulator.end() == 0, emulator.output()
        counts = emulator.counts()
        assert {counts[name] for name in counts if name != "all"} == {(1_000, 1_000, 0)}
        for table in TABLES:
            assert set(in_kafka(settings, table)) == {data for _, data in rows(table, 1_000)}
