"""The streaming writer as its own process, on real Kinesis, Kafka, S3 and Postgres: nothing lost, nothing twice."""

import json
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Producer

from common import health
from common.clients import kinesis_client, postgres_connection, s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES, Table
from operations.verify import speed as verify_speed
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_pin_topics
from spark_jobs.schemas import CLEANED
from spark_jobs.streaming import checkpoints
from stack.local.isolated import ServiceProcess
from tests.buckets import delete_bucket, empty_bucket
from tests.e2e.stages import SERVED, delta_rows, served_rows

# A micro-batch takes a second on two busy cores, Spark's start and first one 40 s; four times that.
TIMEOUT_SECONDS = 160.0
POSTS = 150

Record = dict[str, Any] | bytes


def pin(ind: int, **values: object) -> dict[str, Any]:
    return {"index": ind, "title": f"Title {ind}", "follower_count": "3k", "category": "art"} | values


def geo(ind: int, **values: object) -> dict[str, Any]:
    made = {"ind": ind, "timestamp": "2020-08-28T03:52:47", "latitude": -1.5, "longitude": 1e-05}
    return made | {"country": "Cocos (Keeling) Islands"} | values


def user(ind: int, **values: object) -> dict[str, Any]:
    return {"ind": ind, "first_name": "Ann", "last_name": f"O'Hara {ind}", "age": 30} | values


class Flow:
    """The posts that are sent, and what becomes of them."""

    def __init__(self, settings: Settings, log: Path) -> None:
        self.settings = settings
        self.writer = ServiceProcess(settings, "spark_jobs.streaming", log=log)
        self.sent = dict.fromkeys(TABLES, 0)

    def put(self, table: Table, records: Sequence[Record]) -> None:
        entries = [
            {"Data": each if isinstance(each, bytes) else json.dumps(each).encode(), "PartitionKey": str(n)}
            for n, each in enumerate(records)
        ]
        answer = kinesis_client(self.settings).put_records(
            StreamName=self.settings.stream(table),
            Records=entries,  # type: ignore[arg-type]
        )
        assert answer["FailedRecordCount"] == 0
        self.sent[table] += len(records)

    def put_posts(self, first: int, count: int = POSTS) -> None:
        inds = range(first, first + count)
        for table, make in (("pin", pin), ("geo", geo), ("user", user)):
            self.put(table, [make(ind) for ind in inds])  # type: ignore[arg-type]

    def produce(self, values: Sequence[bytes]) -> None:
        producer = Producer({"bootstrap.servers": self.settings.kafka.bootstrap_servers, "acks": "all"})
        for value in values:
            producer.produce(self.settings.rest_proxy.pin_streaming_topic, value)
        assert producer.flush(30) == 0

    def sql(self, query: str, database: str = "pinterest") -> list[tuple[Any, ...]]:
        with (
            closing(postgres_connection(self.settings, database=database)) as connection,
            connection.cursor() as cursor,
        ):
            cursor.execute(query)
            return cursor.fetchall()

    def counts(self) -> dict[str, tuple[int, ...]]:
        """Of each query's newest checkpoint: read, cleaned, duplicate, quarantined, warnings."""
        rows = self.sql(
            "SELECT DISTINCT ON (query) query, read, cleaned, duplicate, quarantined, warnings"
            " FROM ops.stream_progress WHERE query LIKE 'speed-%' ORDER BY query, started_at DESC"
        )
        return {query: tuple(map(int, counts)) for query, *counts in rows}

    def wait_for_all(self) -> None:
        """Until the newest checkpoints have counted all that was sent, and never more than that."""

        def all_read() -> bool:
            read = {query: counts[0] for query, counts in self.counts().items()}
            expected = {f"speed-{table}": count for table, count in self.sent.items()}
            assert all(read[query] <= expected[query] for query in read), f"{read} of {expected} sent"
            return read == expected

        try:
            wait_until(all_read, timeout=TIMEOUT_SECONDS, what="the speed tables to have everything")
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.counts()}\n{self.writer.output()[-3000:]}") from None

    def wait_for_delta(self) -> None:
        """Until the Delta tables hold what Postgres serves, value by value."""

        def same(table: Table) -> bool:
            stored = delta_rows(self.settings, table, CLEANED[table].names, "streaming")
            return stored == served_rows(self.settings, table, "speed")

        wait_until(lambda: all(map(same, TABLES)), timeout=TIMEOUT_SECONDS, what="Delta to be as Postgres is")

    def inds(self, table: str) -> list[int]:
        return [row[0] for row in self.sql(f"TABLE speed.{table} ORDER BY ind")]


@pytest.fixture(scope="module")
def flow(
    kafka: Settings,
    localstack: Settings,  # noqa: ARG001 - it has to run
    postgres: Settings,  # noqa: ARG001 - likewise
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flow]:
    settings = kafka.replace(USER_ID="streamwriter", SPARK_MASTER="local[2]")
    ensure_schema(settings)
    ensure_bucket(settings)
    ensure_streams(settings)
    ensure_pin_topics(settings)
    flow = Flow(settings, tmp_path_factory.mktemp("writer") / "writer.log")
    with flow.writer:
        yield flow


def test_records_are_cleaned_counted_and_set_aside(flow: Flow) -> None:
    flow.put_posts(0)
    flow.put(
        "pin", [pin(0, title="later wins"), pin(1, follower_count="many"), geo(7), b"{broken", b"\xff\x00"]
    )
    flow.put("geo", [geo(0, latitude=91), {"ind": 2**31}, b"null"])
    flow.put("user", [user(0, age="x"), b'"a\x00b"'])
    flow.wait_for_all()
    assert flow.counts() == {
        "speed-pin": (POSTS + 5, POSTS, 2, 3, 1),
        "speed-geo": (POSTS + 3, POSTS, 0, 3, 0),
        "speed-user": (POSTS + 2, POSTS, 0, 2, 0),
    }
    assert flow.inds("pin") == flow.inds("geo") == flow.inds("users") == list(range(POSTS))
    assert flow.sql("SELECT title, follower_count FROM speed.pin WHERE ind < 2 ORDER BY ind") == [
        ("later wins", 3000),
        ("Title 1", None),
    ]
    rejected = flow.sql(
        "SELECT stream, reasons, raw FROM quarantine.stream ORDER BY stream, sequence_number, partition_key"
    )
    stream = {table: flow.settings.stream(table) for table in TABLES}
    assert [(name, reasons) for name, reasons, _ in rejected] == [
        (stream["geo"], ["latitude_out_of_range"]),
        (stream["geo"], ["bad_ind"]),
        (stream["geo"], ["tombstone"]),
        (stream["pin"], ["other_table", "no_ind"]),
        (stream["pin"], ["not_json"]),
        (stream["pin"], ["not_json"]),
        (stream["user"], ["age_unreadable"]),
        (stream["user"], ["not_json"]),
    ]
    assert [raw for _, reasons, raw in rejected if reasons == ["not_json"]] == [
        "{broken",
        r"\xff\x00",
        r'"a\x00b"',
    ]


def test_health_is_that_of_the_queries(flow: Flow) -> None:
    wait_until(
        lambda: health.problem("streaming-writer", flow.settings) is None,
        timeout=TIMEOUT_SECONDS,
        what="its health",
    )


def test_killed_under_load_nothing_is_lost_or_counted_twice(flow: Flow) -> None:
    def counted() -> int:
        return sum(counts[0] for counts in flow.counts().values())

    def has_counted_more(than: int) -> bool:
        return counted() > than

    for round_ in range(1, 3):
        before = counted()
        flow.put_posts(1000 * round_)
        if round_ == 1:  # in the middle of it; the second time at whatever it does after a fresh start
            wait_until(
                partial(has_counted_more, before),
                timeout=TIMEOUT_SECONDS,
                what="a part of the round",
            )
        flow.writer.kill()
        flow.put_posts(1000 * round_ + POSTS)
        flow.writer.start()
    flow.wait_for_all()
    expected = [*range(POSTS), *range(1000, 1000 + 2 * POSTS), *range(2000, 2000 + 2 * POSTS)]
    assert flow.inds("pin") == flow.inds("geo") == flow.inds("users") == expected
    counts = flow.counts()
    assert all(read == sum(others) for read, *others, _ in counts.values()), counts


def test_kafka_records_become_rows_once(flow: Flow) -> None:
    good = [json.dumps(pin(n, downloaded=n % 2, follower_count=f"{n}k")).encode() for n in range(500)]
    flow.produce([*good[:250], b"[]", b"{", *good[250:]])

    def read() -> int:
        rows = flow.sql(
            "SELECT read FROM stream_progress ORDER BY started_at DESC LIMIT 1", "pinterest_streaming"
        )
        return int(rows[0][0]) if rows else 0

    wait_until(lambda: read() >= 100, timeout=TIMEOUT_SECONDS, what="the topic's first records")
    flow.writer.kill()
    flow.writer.start()
    wait_until(lambda: read() >= 502, timeout=TIMEOUT_SECONDS, what="all of the topic's records")
    assert read() == 502
    rows = flow.sql(
        "SELECT category, follower_count, downloaded FROM experimental_data", "pinterest_streaming"
    )
    assert sorted(rows) == sorted(("art", 1000 * n, n % 2) for n in range(500))
    rejected = flow.sql(
        "SELECT topic, reasons, raw FROM experimental_quarantine ORDER BY raw", "pinterest_streaming"
    )
    topic = flow.settings.rest_proxy.pin_streaming_topic
    assert rejected == [(topic, ["not_an_object"], "[]"), (topic, ["not_json"], "{")]


def test_a_lost_bucket_is_rebuilt(flow: Flow) -> None:
    """The checkpoints and Delta tables are gone: every record is read again, and Postgres stays the same."""
    before = {table: flow.sql(f"TABLE speed.{table} ORDER BY ind") for table in ("pin", "geo", "users")}
    generations = flow.sql("SELECT count(*) FROM ops.stream_progress")[0][0]
    delete_bucket(flow.settings)
    flow.put_posts(5000, 20)  # what meets a writer whose checkpoint is gone
    wait_until(
        lambda: "query ended" in flow.writer.output(), timeout=TIMEOUT_SECONDS, what="the writer to notice"
    )
    ensure_bucket(flow.settings)
    wait_until(
        lambda: flow.sql("SELECT count(*) FROM ops.stream_progress")[0][0] > generations,
        timeout=TIMEOUT_SECONDS,
        what="a new checkpoint",
    )
    flow.wait_for_all()
    after = {table: flow.sql(f"TABLE speed.{table} ORDER BY ind") for table in ("pin", "geo", "users")}
    assert {table: rows[: len(before[table])] for table, rows in after.items()} == before
    assert {table: len(rows) - len(before[table]) for table, rows in after.items()} == dict.fromkeys(
        after, 20
    )


def test_lost_tables_are_filled_again(flow: Flow) -> None:
    """Postgres was emptied, the checkpoints were not: they are forgotten at the next start, which says so."""
    everything = flow.inds("pin")
    flow.writer.stop()
    flow.sql(
        "DELETE FROM ops.stream_progress; DELETE FROM speed.places; DELETE FROM speed.pin; DELETE FROM speed.geo;"
        " DELETE FROM speed.users; COMMIT; SELECT 1"
    )
    flow.writer.start()
    flow.wait_for_all()
    assert flow.inds("pin") == everything
    assert "what was written is gone" in flow.writer.output()


def test_delta_has_what_postgres_has(flow: Flow) -> None:
    """The Delta tables of a query of its own, read by the protocol's rules: value by value the served rows."""
    flow.wait_for_delta()


def test_a_bucket_that_is_lost_while_nothing_comes_is_noticed(flow: Flow) -> None:
    """LocalStack was restarted, and provisioning has made the bucket again before any record came."""
    empty_bucket(flow.settings)
    flow.wait_for_delta()
    flow.wait_for_all()
    assert "its checkpoint is gone" in flow.writer.output()


def test_streams_that_are_lost_with_the_bucket_take_no_row_with_them(flow: Flow) -> None:
    """LocalStack keeps the bucket in memory, and the streams where KINESIS_PERSISTENCE is off: none comes back."""
    before = {table: flow.inds(SERVED[table]) for table in TABLES}
    earlier = flow.sql("SELECT sum(read)::int FROM ops.stream_progress WHERE query = 'speed-pin'")[0][0]
    kinesis = kinesis_client(flow.settings)
    for table in TABLES:
        kinesis.delete_stream(StreamName=flow.settings.stream(table))
        kinesis.get_waiter("stream_not_exists").wait(StreamName=flow.settings.stream(table))
    empty_bucket(flow.settings)
    ensure_streams(flow.settings)
    flow.wait_for_delta()
    assert {table: flow.inds(SERVED[table]) for table in TABLES} == before
    flow.sent = dict.fromkeys(TABLES, 0)
    flow.put_posts(7000, 20)
    flow.wait_for_all()
    flow.wait_for_delta()
    assert flow.inds("pin") == [*before["pin"], *range(7000, 7020)]
    # Of what the emulator had acknowledged, 7 records were not read before the streams were lost.
    acknowledged = earlier + len(range(7000, 7020)) + 7
    flow.sql(
        "INSERT INTO ops.emulator_runs VALUES (gen_random_uuid(), '{}', 'stream', {}, {}, 0, 1); COMMIT;"  # noqa: S608 - our own names
        " SELECT 1".format(flow.settings.stream("pin"), acknowledged, acknowledged)
    )
    with closing(postgres_connection(flow.settings, "analyst")) as connection:
        stages = verify_speed.check(flow.settings, connection, "pin", datetime.now(UTC))
    assert stages.problems == []
    assert "7 were lost with the earlier stream" in (stages.lost or "")


def test_what_is_left_of_a_lost_checkpoint_is_no_obstacle(flow: Flow) -> None:
    """A query that ran when the bucket was lost wrote the next offsets into the new one, and no more."""
    flow.writer.stop()
    empty_bucket(flow.settings)
    for query in ("speed", "delta", "experimental"):
        for file, content in (("offsets/7", b"v1\n{}\n{}"), ("commits/", b"")):
            key = f"{checkpoints.prefix(query)}{file}"
            s3_client(flow.settings).put_object(Bucket=flow.settings.bucket, Key=key, Body=content)
    flow.writer.start()
    flow.put_posts(6000, 20)
    flow.wait_for_all()
    flow.wait_for_delta()
