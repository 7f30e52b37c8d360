"""The streaming writer as its own process, on real Kinesis, Kafka, S3 and Postgres: nothing lost, nothing twice.

The tests share one writer, since Spark takes 40 s to start; each sends posts of its own and compares what they add.
"""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest
from confluent_kafka.admin import AdminClient

from common import health
from common.clients import postgres_connection, s3_client
from common.kafka_security import client_options
from common.settings import LOOPBACK, Settings
from common.wait import wait_until
from contracts.kafka_access import Principal
from contracts.tables import TABLES
from operations.verify import speed as verify_speed
from services.provision.bucket import ensure_bucket
from services.provision.databases import ensure_schema
from services.provision.kafka_rights import ensure_rights
from services.provision.streams import ensure_streams
from services.provision.topics import ensure_pin_topics
from spark_jobs.streaming import checkpoints
from tests.buckets import delete_bucket, empty_bucket
from tests.integration.small_tablespace import on_small_disk
from tests.integration.streaming_lab import POSTS, TIMEOUT_SECONDS, Flow, served_by_all
from tests.integration.unsteady_server import UnsteadyServer
from tests.records import geo, pin, user
from tests.small_disk import fill

# The longest of them wait three times.
pytestmark = pytest.mark.timeout(3 * TIMEOUT_SECONDS + 60)


# The connection's set-up, and of a micro-batch's posts a tenth.
CUT_AFTER_BYTES = 20_000
DISK_MEGABYTES = 16


@pytest.fixture(scope="module")
def before_postgres(postgres: Settings) -> Iterator[UnsteadyServer]:
    """Yield the server to which the writer connects."""
    with UnsteadyServer(postgres.postgres.host, postgres.postgres.port) as server:
        yield server


@pytest.fixture(scope="module")
def flow(
    kafka: Settings,
    localstack: Settings,  # noqa: ARG001 - it has to run
    before_postgres: UnsteadyServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Flow]:
    # The broker is the session's, and every file has its own names there: another's records would be counted here.
    own = {"USER_ID": "streamwriter", "PIN_STREAMING_TOPIC": "streamwriter-pin"}
    settings = kafka.replace(**own, SPARK_MASTER="local[2]")
    ensure_schema(settings)
    ensure_bucket(settings)
    ensure_streams(settings)
    ensure_rights(settings)
    ensure_pin_topics(settings)
    place = {"POSTGRES_HOST": LOOPBACK, "POSTGRES_PORT": str(before_postgres.port)}
    flow = Flow(settings, tmp_path_factory.mktemp("writer") / "writer.log", place)
    with flow.writer:
        yield flow


def test_records_are_cleaned_counted_and_set_aside(flow: Flow) -> None:
    before, inds = flow.settle(), flow.inds()
    earlier = flow.sql("SELECT sequence_number FROM quarantine.stream")
    sent = flow.put_posts()
    flow.put(
        "pin",
        [
            *(pin(sent[0], title="later wins"), pin(sent[1], follower_count="many")),
            *(geo(7), b"{broken", b"\xff\x00"),
        ],
    )
    flow.put("geo", [geo(sent[0], latitude=91), {"ind": 2**31}, b"null"])
    flow.put("user", [user(sent[0], age="x"), b'"a\x00b"'])
    flow.wait_for_all()
    added = {
        table: tuple(now - then for now, then in zip(counts, before[table], strict=True))
        for table, counts in flow.counts().items()
    }
    assert added == {
        "pin": (POSTS + 5, POSTS, 2, 3, 1),
        "geo": (POSTS + 3, POSTS, 0, 3, 0),
        "user": (POSTS + 2, POSTS, 0, 2, 0),
    }
    assert flow.inds() == {table: [*inds[table], *sent] for table in TABLES}
    assert flow.sql(
        "SELECT title, follower_count FROM speed.pin WHERE ind IN (%s, %s) ORDER BY ind", *sent[:2]
    ) == [("later wins", 3000), (f"Title {sent[1]}", None)]
    assert set_aside(flow, earlier) == [
        ("geo", ["latitude_out_of_range"], json.dumps(geo(sent[0], latitude=91))),
        ("geo", ["bad_ind"], json.dumps({"ind": 2**31})),
        ("geo", ["tombstone"], "null"),
        ("pin", ["other_table", "no_ind"], json.dumps(geo(7))),
        ("pin", ["not_json"], "{broken"),
        ("pin", ["not_json"], r"\xff\x00"),
        ("user", ["age_unreadable"], json.dumps(user(sent[0], age="x"))),
        ("user", ["not_json"], r'"a\x00b"'),
    ]


def set_aside(flow: Flow, earlier: list[tuple[Any, ...]]) -> list[tuple[str, list[str], str]]:
    """Return table, reasons and text of the rows in quarantine whose sequence number is not among the earlier ones."""
    rows = flow.sql(
        "SELECT stream, reasons, raw, sequence_number FROM quarantine.stream"
        " ORDER BY stream, sequence_number, partition_key"
    )
    table = {flow.settings.stream(table): table for table in TABLES}
    return [
        (table[stream], reasons, raw) for stream, reasons, raw, number in rows if (number,) not in earlier
    ]


def test_health_is_that_of_the_queries(flow: Flow) -> None:
    wait_until(
        lambda: health.problem("streaming-writer", flow.settings) is None,
        timeout=TIMEOUT_SECONDS,
        what="its health",
    )


def test_killed_under_load_nothing_is_lost_or_counted_twice(flow: Flow) -> None:
    flow.settle()
    inds = flow.inds()
    sent = flow.put_posts()
    with flow.stopped_at("speed.pin"):  # in the middle of a micro-batch
        flow.writer.kill()
    sent += flow.put_posts()
    flow.writer.start()
    sent += flow.put_posts()
    flow.writer.kill()  # at whatever it does after a fresh start
    sent += flow.put_posts()
    flow.writer.start()
    flow.wait_for_all()
    assert flow.inds() == {table: [*inds[table], *sent] for table in TABLES}
    counts = flow.counts()
    assert all(read == sum(others) for read, *others, _ in counts.values()), counts


def test_kafka_records_become_rows_once(flow: Flow) -> None:
    good = [json.dumps(pin(n, downloaded=n % 2, follower_count=f"{n}k")).encode() for n in range(500)]

    def read() -> int:
        rows = flow.sql(
            "SELECT read FROM stream_progress ORDER BY started_at DESC LIMIT 1",
            database="pinterest_streaming",
        )
        return int(rows[0][0]) if rows else 0

    flow.produce([*good[:250], b"[]"])
    wait_until(lambda: read() == 251, timeout=TIMEOUT_SECONDS, what="the topic's first records")
    flow.produce([b"{", *good[250:]])
    with flow.stopped_at("experimental_data", "pinterest_streaming"):
        flow.writer.kill()
    flow.writer.start()
    wait_until(lambda: read() >= 502, timeout=TIMEOUT_SECONDS, what="all of the topic's records")
    assert read() == 502
    rows = flow.sql(
        "SELECT category, follower_count, downloaded FROM experimental_data", database="pinterest_streaming"
    )
    assert sorted(rows) == sorted(("art", 1000 * n, n % 2) for n in range(500))
    rejected = flow.sql(
        "SELECT topic, reasons, raw FROM experimental_quarantine ORDER BY raw", database="pinterest_streaming"
    )
    topic = flow.settings.rest_proxy.pin_streaming_topic
    assert rejected == [(topic, ["not_an_object"], "[]"), (topic, ["not_json"], "{")]


def test_a_postgres_that_refuses_and_cuts_off_connections_costs_no_record(
    flow: Flow, before_postgres: UnsteadyServer
) -> None:
    flow.settle()
    inds = flow.inds()
    with before_postgres.unsteady(CUT_AFTER_BYTES):
        sent = flow.put_posts()
        wait_until(
            lambda: before_postgres.refused >= 2 and before_postgres.cut >= 2,
            timeout=TIMEOUT_SECONDS,
            what="connections to be refused and cut off",
        )
        sent += flow.put_posts()
    flow.wait_for_all()
    assert flow.inds() == {table: [*inds[table], *sent] for table in TABLES}
    assert "psycopg2.OperationalError: " in flow.writer.output()
    counts = flow.counts()
    assert all(read == sum(others) for read, *others, _ in counts.values()), counts


def test_a_full_disk_of_postgres_is_told_and_with_room_again_all_is_served(flow: Flow) -> None:
    flow.settle()
    inds = flow.inds()

    def told() -> bool:
        problem = health.problem("streaming-writer", flow.settings) or ""
        return "Postgres' disk is full: could not extend file" in problem and "Free disk" in problem

    with on_small_disk(flow.settings, "speed.pin", DISK_MEGABYTES) as folder:
        ballast = fill(folder, 0)
        sent = flow.put_posts()
        wait_until(told, timeout=TIMEOUT_SECONDS, what="the full disk to be told")
        assert flow.inds() == inds
        ballast.unlink()
        flow.wait_for_all()
    assert flow.inds() == {table: [*inds[table], *sent] for table in TABLES}
    counts = flow.counts()
    assert all(read == sum(others) for read, *others, _ in counts.values()), counts


def test_a_topic_that_was_cut_is_told_with_the_way_back(flow: Flow) -> None:
    """A topic made anew ends before the offset that is to be read next."""
    recreate(flow.settings, flow.settings.rest_proxy.pin_streaming_topic)
    flow.produce([json.dumps(pin(1, follower_count="777k")).encode()])
    checkpoint = checkpoints.prefix("experimental")

    def way_back() -> bool:
        problem = health.problem("streaming-writer", flow.settings) or ""
        return f"Remove s3://{flow.settings.bucket}/{checkpoint}: " in problem

    wait_until(way_back, timeout=TIMEOUT_SECONDS, what="the loss to be told")
    empty_bucket(flow.settings, checkpoint)
    wait_until(
        lambda: bool(
            flow.sql(
                "SELECT FROM experimental_data WHERE follower_count = 777000", database="pinterest_streaming"
            )
        ),
        timeout=TIMEOUT_SECONDS,
        what="the record of the new topic",
    )


def recreate(settings: Settings, topic: str) -> None:
    """Delete the topic with its records, and make it again."""
    admin = AdminClient(client_options(settings, Principal.PROVISION))
    admin.delete_topics([topic])[topic].result()
    wait_until(lambda: topic not in admin.list_topics().topics, timeout=60, what="the topic to be gone")
    ensure_pin_topics(settings)


def test_a_lost_bucket_is_rebuilt(flow: Flow) -> None:
    """The checkpoints and Delta tables are gone: every record is read again, and Postgres stays the same."""
    flow.settle()
    before = flow.rows()
    flow.forget_counts()
    delete_bucket(flow.settings)
    sent = flow.put_posts(20)  # what meets a writer whose checkpoint is gone
    wait_until(
        lambda: "query ended" in flow.writer.output(), timeout=TIMEOUT_SECONDS, what="the writer to notice"
    )
    ensure_bucket(flow.settings)
    flow.wait_for_all()
    after = flow.rows()
    assert {table: rows[: len(before[table])] for table, rows in after.items()} == before
    assert {table: [row[0] for row in rows[len(before[table]) :]] for table, rows in after.items()} == (
        served_by_all(sent)
    )


def test_lost_tables_are_filled_again(flow: Flow) -> None:
    """Postgres was emptied, the checkpoints were not: they are forgotten at the next start, which says so."""
    flow.put_posts(20)
    flow.settle()
    everything = flow.inds()
    flow.writer.stop()
    flow.sql(
        "DELETE FROM ops.stream_progress; DELETE FROM speed.places; DELETE FROM speed.pin; DELETE FROM speed.geo;"
        " DELETE FROM speed.users; COMMIT; SELECT 1"
    )
    flow.writer.start()
    flow.wait_for_all()
    assert flow.inds() == everything
    assert "what was written is gone" in flow.writer.output()


def test_delta_has_what_postgres_has(flow: Flow) -> None:
    """The Delta tables of a query of its own, read by the protocol's rules: value by value the served rows."""
    flow.put_posts(20)
    flow.wait_for_all()
    flow.wait_for_delta()


def test_a_bucket_that_is_lost_while_nothing_comes_is_noticed(flow: Flow) -> None:
    """LocalStack was restarted, and provisioning has made the bucket again before any record came."""
    flow.put_posts(20)
    flow.settle()
    flow.forget_counts()
    empty_bucket(flow.settings)
    flow.wait_for_all()
    flow.wait_for_delta()
    assert "its checkpoint is gone" in flow.writer.output()


def test_streams_that_are_lost_with_the_bucket_take_no_row_with_them(flow: Flow) -> None:
    """LocalStack keeps the bucket in memory, and the streams where KINESIS_PERSISTENCE is off: none comes back."""
    flow.put_posts(20)
    flow.settle()
    before = flow.inds()
    earlier = flow.sql("SELECT sum(read)::int FROM ops.stream_progress WHERE query = 'speed-pin'")[0][0]
    flow.forget_counts()
    flow.lose_streams()
    empty_bucket(flow.settings)
    ensure_streams(flow.settings)
    flow.wait_for_delta()
    assert flow.inds() == before
    sent = flow.put_posts(20)
    flow.wait_for_all()
    flow.wait_for_delta()
    assert flow.inds() == {table: [*before[table], *sent] for table in TABLES}
    # Of what the emulator had acknowledged, 7 records were not read before the streams were lost.
    acknowledged = earlier + len(sent) + 7
    flow.sql(
        "INSERT INTO ops.emulator_runs VALUES (gen_random_uuid(), %s, 'stream', %s, %s, 0, 1); COMMIT; SELECT 1",
        *(flow.settings.stream("pin"), acknowledged, acknowledged),
    )
    with closing(postgres_connection(flow.settings, "analyst")) as connection:
        stages = verify_speed.check(flow.settings, connection, "pin", datetime.now(UTC))
    assert stages.problems == []
    assert "7 were lost with the earlier stream" in (stages.note or "")


def test_what_is_left_of_a_lost_checkpoint_is_no_obstacle(flow: Flow) -> None:
    """A query that ran when the bucket was lost wrote the next offsets into the new one, and no more."""
    flow.put_posts(20)
    flow.settle()
    flow.writer.stop()
    flow.forget_counts()
    empty_bucket(flow.settings)
    for query in ("speed", "delta", "experimental"):
        for file, content in (("offsets/7", b"v1\n{}\n{}"), ("commits/", b"")):
            key = f"{checkpoints.prefix(query)}{file}"
            s3_client(flow.settings).put_object(Bucket=flow.settings.bucket, Key=key, Body=content)
    flow.writer.start()
    flow.put_posts(20)
    flow.wait_for_all()
    flow.wait_for_delta()
