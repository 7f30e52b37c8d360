"""`python -m emulator batch` from a real MySQL through the real REST proxy into real Kafka."""

import asyncio
import re
import secrets
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from common import health
from common.settings import Settings
from common.wait import wait_until
from contracts.rows import columns
from contracts.tables import TABLES, Table
from services.provision.topics import ensure_topics
from services.source.fill import ensure_source
from services.source.generator import generate
from stack.local.isolated import ServiceProcess, free_port
from tests.kafka_clients import as_user
from tests.kafka_records import value_of
from tests.processes import launch_server

ROWS = 2_345
# 7,035 records need 2 s; a machine that is busy with Spark, 30 s.
RUN_SECONDS = 90.0


@pytest.fixture(scope="module")
def stack(
    kafka: Settings,  # noqa: ARG001 - it has to run
    mysql: Settings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Settings]:
    """Kafka, MySQL with ROWS posts, and a REST proxy."""
    values = {"SOURCE_ROWS": ROWS, "SOURCE_SEED": 5, "KAFKA_PARTITIONS": 1, "API_URL": mysql.rest_proxy.url}
    settings = mysql.replace(**values)
    ensure_source(settings)
    with start_proxy(settings, tmp_path_factory.mktemp("proxy")):
        yield settings


@contextmanager
def start_proxy(settings: Settings, folder: Path) -> Iterator[ServiceProcess]:
    with ServiceProcess(settings, "services.rest_proxy", log=folder / "proxy.log") as proxy:
        wait_for_proxy(proxy, settings)
        yield proxy


@contextmanager
def forwarded(port: int, target: int) -> Iterator[None]:
    """The server at `target`, reached at `port` too from now on."""

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pipe(reader, back), pipe(there, writer))

    async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    server = asyncio.run_coroutine_threadsafe(asyncio.start_server(forward, "127.0.0.1", port), loop).result()
    try:
        yield
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def wait_for_proxy(proxy: ServiceProcess, settings: Settings) -> None:
    proxy.wait_healthy(lambda: health.problem("rest-proxy", settings) is None)


@pytest.fixture
def fresh(stack: Settings) -> Settings:
    """The same stack with topics of the test's own, of one partition, so that their order can be seen."""
    settings = stack.replace(USER_ID=secrets.token_hex(6))
    ensure_topics(settings)
    return settings


class Emulator(ServiceProcess):
    """A run of the emulator, to the topics alone."""

    def __init__(self, settings: Settings, folder: Path, *options: object) -> None:
        super().__init__(
            settings, "emulator", "batch", *map(str, options), log=folder / f"emulator.{secrets.token_hex(4)}.log",
            env={"COLUMNS": "200"},
        )  # fmt: skip

    def end(self) -> int:
        """Wait for the end; its exit status."""
        assert self.process is not None
        return self.process.wait(RUN_SECONDS)

    def counts(self, settings: Settings) -> dict[Table, tuple[int, ...]]:
        """Read, acknowledged, failed of each topic, from the printed summary."""
        return {table: self._row(settings.topic(table)) for table in TABLES}

    def _row(self, name: str) -> tuple[int, ...]:
        found = re.search(rf"│ {name} +│ +([\d,]+) │ +([\d,]+) │ +([\d,]+) │", self.output())
        assert found, self.output()
        return tuple(int(number.replace(",", "")) for number in found.groups())


def replay(settings: Settings, folder: Path, *options: object) -> tuple[int, Emulator]:
    with Emulator(settings, folder, *options) as emulator:
        return emulator.end(), emulator


def end_offset(settings: Settings, table: Table) -> int:
    consumer = Consumer({**as_user(settings), "group.id": "none"})
    try:
        end: int = consumer.get_watermark_offsets(TopicPartition(settings.topic(table), 0), timeout=30)[1]
        return end
    except KafkaException:  # the partition was made just now, and has no leader yet
        return 0
    finally:
        consumer.close()


def landed(settings: Settings, table: Table) -> list[dict[str, Any]]:
    """The topic's values in order of offset, decoded."""
    topic = settings.topic(table)
    consumer = Consumer(
        {
            **as_user(settings),
            "group.id": "none",
            "enable.partition.eof": True,
        }
    )
    values: list[dict[str, Any]] = []
    try:
        consumer.assign([TopicPartition(topic, 0, 0)])
        while True:
            message = consumer.poll(30)
            assert message is not None, f"{topic} did not come to its end"
            if error := message.error():
                assert error.code() == KafkaError._PARTITION_EOF
                return values
            values.append(msgspec.json.decode(value_of(message)))
    finally:
        consumer.close()


def keys(settings: Settings, table: Table) -> list[int]:
    return [value[columns(table)[0]] for value in landed(settings, table)]


def expected(table: Table) -> list[dict[str, Any]]:
    return [msgspec.to_builtins(row) for block in generate(table, ROWS, 5) for row in block]


def all_acknowledged(read: int) -> dict[Table, tuple[int, ...]]:
    return dict.fromkeys(TABLES, (read, read, 0))


def test_every_row_arrives_once_in_order_with_its_values(fresh: Settings, tmp_path: Path) -> None:
    status, emulator = replay(fresh, tmp_path)
    assert status == 0, emulator.output()
    assert emulator.counts(fresh) == all_acknowledged(ROWS)
    for table in TABLES:
        assert landed(fresh, table) == expected(table)


def test_times_are_iso_text(fresh: Settings, tmp_path: Path) -> None:
    replay(fresh, tmp_path, "--limit", 1)
    pattern = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"
    assert re.fullmatch(pattern, landed(fresh, "geo")[0]["timestamp"])
    assert re.fullmatch(pattern, landed(fresh, "user")[0]["date_joined"])


def test_one_post_a_request_a_limit_and_a_start(fresh: Settings, tmp_path: Path) -> None:
    status, emulator = replay(fresh, tmp_path, "--batch", 1, "--limit", 20, "--start-after", 99)
    assert status == 0, emulator.output()
    assert emulator.counts(fresh) == all_acknowledged(20)
    assert [keys(fresh, table) for table in TABLES] == [list(range(100, 120))] * 3


def test_a_proxy_killed_and_restarted_loses_nothing(fresh: Settings, tmp_path: Path) -> None:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    settings = fresh.replace(REST_PROXY_PORT=port, REST_PROXY_URL=url, API_URL=url)
    # The posts take 12 s, so that the proxy is killed amid them on a busy machine too.
    with start_proxy(settings, tmp_path) as proxy, Emulator(settings, tmp_path, "--rate", 200) as emulator:
        wait_until(lambda: end_offset(settings, "pin") > 200, timeout=60, what="the first records")
        proxy.kill()
        wait_until(lambda: "trying again" in emulator.output(), timeout=60, what="the emulator to notice")
        proxy.start()
        wait_for_proxy(proxy, settings)
        assert emulator.end() == 0, emulator.output()
    assert emulator.counts(settings) == all_acknowledged(ROWS)
    for table in TABLES:
        arrived = Counter(keys(settings, table))
        assert sorted(arrived) == list(range(ROWS))
        # Sent twice is only what was under way when the proxy died.
        assert sum(arrived.values()) - ROWS <= 2 * 50


def test_a_proxy_that_stays_away_ends_the_run_with_all_counted(fresh: Settings, tmp_path: Path) -> None:
    away = fresh.replace(API_URL=f"http://127.0.0.1:{free_port()}")
    status, emulator = replay(away, tmp_path, "--patience", 1, "--start-after", 9)
    assert status == 1
    counts = emulator.counts(away)
    assert all(read == failed > 0 and acknowledged == 0 for read, acknowledged, failed in counts.values())
    assert "Connection refused" in emulator.output()
    assert "To go on: batch --start-after 9\n" in emulator.output()


def test_going_on_after_an_interruption_leaves_nothing_out(fresh: Settings, tmp_path: Path) -> None:
    with Emulator(fresh, tmp_path, "--rate", 50) as first:
        wait_until(lambda: end_offset(fresh, "user") > 10, timeout=60, what="the first records")
        first.signal(signal.SIGINT)
        assert first.end() == 130, first.output()
    read, acknowledged, failed = first.counts(fresh)["pin"]
    assert (0 < read < ROWS, acknowledged, failed) == (True, read, 0)
    found = re.search(r"To go on: batch (--start-after) (\d+)\n", first.output())
    assert found, first.output()
    status, second = replay(fresh, tmp_path, *found.groups())
    assert (status, second.counts(fresh)) == (0, all_acknowledged(ROWS - read))
    assert [keys(fresh, table) for table in TABLES] == [list(range(ROWS))] * 3


def test_a_random_sequence_depends_on_the_seed_alone(stack: Settings, tmp_path: Path) -> None:
    sequences = []
    for options in (["--batch", 500], ["--batch", 7], ["--batch", 7, "--seed", 3]):
        settings = stack.replace(USER_ID=secrets.token_hex(6))
        ensure_topics(settings)
        status, emulator = replay(settings, tmp_path, "--random", "--limit", 1_200, *options)
        assert (status, emulator.counts(settings)) == (0, all_acknowledged(1_200))
        sequences.append(keys(settings, "pin"))
        # A post is one row of each table, also at random.
        assert keys(settings, "geo") == keys(settings, "user") == sequences[-1]
    assert sequences[0] == sequences[1] != sequences[2]
    assert len(set(sequences[0])) < 1_200  # with replacement
    assert set(sequences[0]) <= set(range(ROWS))


def test_a_loop_starts_over_until_it_is_interrupted(fresh: Settings, tmp_path: Path) -> None:
    with Emulator(fresh, tmp_path, "--loop") as emulator:
        wait_until(lambda: end_offset(fresh, "pin") > 2 * ROWS, timeout=90, what="the third pass")
        emulator.signal(signal.SIGINT)
        assert emulator.end() == 130, emulator.output()
    assert_passes(fresh, emulator)


def assert_passes(settings: Settings, emulator: Emulator) -> None:
    """Check that each topic has the rows in order, again and again, as many as were acknowledged."""
    counts = emulator.counts(settings)
    assert all(read == acknowledged and failed == 0 for read, acknowledged, failed in counts.values())
    for table in TABLES:
        arrived = keys(settings, table)
        assert len(arrived) == counts[table][1]
        assert arrived == [place % ROWS for place in range(len(arrived))]


def test_termination_ends_it_with_the_summary_too(fresh: Settings, tmp_path: Path) -> None:
    with Emulator(fresh, tmp_path, "--loop", "--random", "--rate", 100) as emulator:
        wait_until(lambda: end_offset(fresh, "pin") > 0, timeout=60, what="the first records")
        assert emulator.stop() == 128 + signal.SIGTERM
    assert emulator.counts(fresh)["geo"][1] == end_offset(fresh, "geo")


def test_missing_topics_are_reported_by_topic_index_and_reason(stack: Settings, tmp_path: Path) -> None:
    nowhere = stack.replace(USER_ID=secrets.token_hex(6))
    status, emulator = replay(nowhere, tmp_path, "--limit", 30, "--batch", 10)
    assert status == 1
    assert emulator.counts(nowhere) == dict.fromkeys(TABLES, (30, 0, 30))
    for table in TABLES:
        pattern = rf"{nowhere.topic(table)}: 30 failed, first index 0, 1, 2, 3, 4: HTTP 404: \w"
        assert re.search(pattern, emulator.output()), emulator.output()


def test_a_start_after_the_last_row_says_so(stack: Settings, tmp_path: Path) -> None:
    status, emulator = replay(stack, tmp_path, "--start-after", ROWS - 1)
    assert (status, "Nothing to replay" in emulator.output()) == (1, True)


def test_a_missing_source_says_what_to_do(stack: Settings, tmp_path: Path) -> None:
    away = stack.replace(MYSQL_PORT=free_port())
    status, emulator = replay(away, tmp_path, "--patience", 1)
    assert (status, "make up" in emulator.output()) == (1, True)
    assert "Waiting up to 1 s for MySQL" in emulator.output()
    assert "Traceback" not in emulator.output()


def test_a_source_that_comes_after_the_emulator_is_waited_for(fresh: Settings, tmp_path: Path) -> None:
    late = fresh.replace(MYSQL_PORT=free_port())
    with Emulator(late, tmp_path, "--limit", 30) as emulator:
        wait_until(lambda: "for MySQL" in emulator.output(), timeout=60, what="the emulator to wait")
        with forwarded(late.mysql.port, fresh.mysql.port):
            assert emulator.end() == 0, emulator.output()
    assert emulator.counts(late) == all_acknowledged(30)


def test_a_source_killed_and_restarted_on_the_way_loses_and_repeats_nothing(
    fresh: Settings, tmp_path: Path
) -> None:
    own = fresh.replace(MYSQL_PORT=free_port(), STATE_DIR=tmp_path / "state")
    with ExitStack() as servers:
        server = launch_server(servers, own, "mysql")
        ensure_source(own)
        # It asks for a thousand rows each second, for ever: whenever the server ends, it is missed.
        with Emulator(own, tmp_path, "--loop", "--rate", 1_000, "--patience", 200) as emulator:
            wait_until(lambda: end_offset(own, "pin") > 0, timeout=60, what="the first records")
            server.kill()
            wait_until(lambda: "for MySQL" in emulator.output(), timeout=60, what="the emulator to notice")
            before = end_offset(own, "pin")
            server.start()
            wait_until(lambda: end_offset(own, "pin") > before + ROWS, timeout=200, what="a pass after it")
            emulator.signal(signal.SIGINT)
            assert emulator.end() == 130, emulator.output()
    assert "Waiting up to 200 s for MySQL, which `make up` starts: " in emulator.output()
    assert_passes(own, emulator)


def test_a_wait_for_the_source_ends_with_an_interruption(stack: Settings, tmp_path: Path) -> None:
    away = stack.replace(MYSQL_PORT=free_port())
    with Emulator(away, tmp_path, "--patience", 600) as emulator:
        wait_until(lambda: "for MySQL" in emulator.output(), timeout=60, what="the emulator to wait")
        emulator.signal(signal.SIGINT)
        assert emulator.end() == 130, emulator.output()


@pytest.mark.parametrize("options", [["--batch", 0], ["--rate", 0], ["--limit", 0], ["--batch", 10_001]])
def test_options_out_of_range_are_refused(stack: Settings, tmp_path: Path, options: list[object]) -> None:
    status, emulator = replay(stack, tmp_path, *options)
    assert (status, f"Invalid value for '{options[0]}'" in emulator.output()) == (2, True)
