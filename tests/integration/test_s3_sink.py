"""The S3 sink between the real broker and the real LocalStack: what lands, and how."""

from pathlib import Path

import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from common.clients import s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.landing import object_key
from services.provision.topics import ensure_topics
from tests.integration.s3_sink_lab import (
    TIMEOUT_SECONDS,
    all_partitions,
    assert_exactly_once,
    buffered,
    in_kafka,
    in_landing_zone,
    isolated_user,
    landed_keys,
    open_partitions,
    posts,
    produce,
    sink,
    status,
    wait_landed,
)
from tests.kafka_clients import as_user

VALUES = [
    (b'{"ind": 7, "n": 12345678901234567890.10, "text": "\xc5\xbe \\u00e9 \\ud800"}', None),
    (b'{\n  "ind": 7,\r\n  "tags": []\n}', b'{  "ind": 7,  "tags": []}'),
    (None, b"null"),
    (b"", b""),
    (b"not JSON\nat \\ all\r", b"not JSON\\nat \\\\ all\\r"),
    (b'{"ind": NaN}', None),
    (b'{"ind": "\xff\xfe"}', b'{"ind": "\\xff\\xfe"}'),
    (b"\x00\x01\x1f\x7f\xc2\x85\xe2\x80\xa8", None),
    (b"x" * 900_000, None),
]


@pytest.fixture
def servers_up(kafka: Settings, localstack: Settings) -> Settings:
    assert kafka is localstack
    return kafka


@pytest.fixture
def user(servers_up: Settings, tmp_path: Path) -> Settings:
    return isolated_user(servers_up, tmp_path)


def test_every_record_lands_once(user: Settings, tmp_path: Path) -> None:
    produce(user, posts(0, 5000))
    with sink(user, tmp_path) as process:
        wait_landed(user)
        produce(user, posts(5000, 7))
        wait_landed(user)
        wait_until(
            lambda: status(tmp_path)["lag"] == 0,
            timeout=TIMEOUT_SECONDS,
            what="the state file to show no lag",
        )
        assert process.stop() == 0
    assert assert_exactly_once(user) == 5007
    # 5,000 over six partitions, at most 400 an object; the last of the seven later records went to the first.
    topic, partition = all_partitions(user)[-1]
    keys = [key for key in landed_keys(user) if key.startswith(f"topics/{topic}/partition={partition}/")]
    assert keys == [object_key(topic, partition, start) for start in (0, 400, 800, 833)]


def test_values_that_are_not_json_land_without_loss(user: Settings, tmp_path: Path) -> None:
    for value, _ in VALUES:
        produce(user, [value] * len(all_partitions(user)))
    with sink(user, tmp_path):
        wait_landed(user)
    expected = dict(enumerate(value if line is None else line for value, line in VALUES))
    assert in_landing_zone(user) == dict.fromkeys(all_partitions(user), expected)


def test_stopping_lands_what_is_buffered(servers_up: Settings, tmp_path: Path) -> None:
    user = isolated_user(servers_up, tmp_path, S3_SINK_FLUSH_SECONDS=3600)
    with sink(user, tmp_path) as process:
        produce(user, posts(0, 60))
        wait_until(lambda: buffered(tmp_path) == 60, timeout=60, what="60 records in memory")
        assert landed_keys(user) == []
        assert process.stop() == 0
    assert assert_exactly_once(user) == 60


def test_an_object_closes_by_its_size(servers_up: Settings, tmp_path: Path) -> None:
    user = isolated_user(servers_up, tmp_path, S3_SINK_FLUSH_SECONDS=3600, S3_SINK_FLUSH_BYTES=10_000)
    produce(user, [b'"' + b"x" * 2997 + b'"'] * 7 * len(all_partitions(user)))
    with sink(user, tmp_path) as process:
        wait_until(lambda: len(landed_keys(user)) == 6, timeout=60, what="one object of each partition")
        process.kill()
    # 3,000 bytes a line: the fourth reaches the limit.
    assert {len(lines) for lines in in_landing_zone(user).values()} == {4}


def test_topics_made_later_are_found(servers_up: Settings, tmp_path: Path) -> None:
    user = isolated_user(servers_up, tmp_path, topics=False)
    with sink(user, tmp_path):
        wait_until(lambda: status(tmp_path).get("pid"), timeout=60, what="the sink to run without topics")
        ensure_topics(user)
        produce(user, posts(0, 100))
        wait_landed(user)
    assert assert_exactly_once(user) == 100


def test_offsets_that_kafka_has_lost_are_left_out_loudly(user: Settings, tmp_path: Path) -> None:
    """DeleteRecords stands for retention; transactions leave a marker's hole after each commit."""
    produce(user, posts(0, 600))
    cut = dict.fromkeys(all_partitions(user), 50)
    _delete_records(user, cut)
    producer = Producer({**as_user(user), "transactional.id": user.user_id})
    producer.init_transactions()
    for _ in range(2):
        producer.begin_transaction()
        for topic, partition in all_partitions(user):
            producer.produce(topic, value=b'{"in": "a transaction"}', partition=partition)
        producer.commit_transaction()
    with sink(user, tmp_path) as process:
        wait_landed(user)
        produce(user, posts(600, 600))
        wait_landed(user)
        log = process.output()
    # 100 records: 50..99, then 100 and 102 with a marker after each, then 104..203.
    assert set(in_landing_zone(user)[all_partitions(user)[0]]) == {*range(50, 101), 102, *range(104, 204)}
    assert assert_exactly_once(user) == 6 * 152
    assert log.count("offsets are missing in Kafka") == 6 * 3
    assert "first=0 last=49 count=50" in log


def test_records_deleted_under_way_are_left_out_loudly(user: Settings, tmp_path: Path) -> None:
    produce(user, posts(0, 600))
    with sink(user, tmp_path):
        wait_landed(user)
    landed = in_landing_zone(user)
    produce(user, posts(600, 600))
    _delete_records(user, dict.fromkeys(all_partitions(user), 150))
    with sink(user, tmp_path) as process:
        wait_until(
            lambda: "first=100 last=149" in process.output(), timeout=60, what="the gap to be reported"
        )
        wait_until(lambda: sum(map(len, in_landing_zone(user).values())) == 900, timeout=60, what="the rest")
    for partition, records in in_kafka(user).items():
        assert in_landing_zone(user)[partition] == {**landed[partition], **records}


@pytest.mark.parametrize("count", [60, 900])  # fewer records than have landed, and more
def test_a_topic_made_anew_is_not_mixed_into_the_old_landing_zone(
    user: Settings, tmp_path: Path, count: int
) -> None:
    produce(user, posts(0, 600))
    with sink(user, tmp_path):
        wait_landed(user)
    before = in_landing_zone(user)
    admin = AdminClient(as_user(user))
    for done in admin.delete_topics(sorted({topic for topic, _ in all_partitions(user)})).values():
        done.result(TIMEOUT_SECONDS)
    wait_until(lambda: _made_anew(user), timeout=TIMEOUT_SECONDS, what="the topics to be made anew")
    produce(user, posts(1000, count))
    with sink(user, tmp_path) as process:
        wait_until(
            lambda: process.output().count("does not land") >= 6, timeout=60, what="all partitions refused"
        )
        wait_until(lambda: open_partitions(tmp_path) == 0, timeout=60, what="none to be open")
        assert in_landing_zone(user) == before
        # The remedy that the message names.
        s3 = s3_client(user)
        for key in landed_keys(user):
            s3.delete_object(Bucket=user.bucket, Key=key)
        wait_landed(user)
    assert assert_exactly_once(user) == count


def test_a_foreign_object_stops_its_partition_alone(user: Settings, tmp_path: Path) -> None:
    produce(user, posts(0, 60))
    with sink(user, tmp_path):
        wait_landed(user)
    first, *others = all_partitions(user)
    foreign = object_key(*first, 5) + ".bak"
    s3_client(user).put_object(Bucket=user.bucket, Key=foreign, Body=b"")
    produce(user, posts(60, 60))
    with sink(user, tmp_path) as process:
        wait_until(lambda: foreign in process.output(), timeout=60, what="the foreign key to be named")
        wait_until(
            lambda: _lines(user, others) == 20 * len(others), timeout=60, what="the other partitions to land"
        )
        s3_client(user).delete_object(Bucket=user.bucket, Key=foreign)
        wait_landed(user)
    assert assert_exactly_once(user) == 120


def _lines(user: Settings, partitions: list[tuple[str, int]]) -> int:
    """Return how many lines have landed; listing objects by name, so that a foreign key does no harm."""
    s3 = s3_client(user)
    total = 0
    for topic, partition in partitions:
        prefix = f"topics/{topic}/partition={partition}/"
        for item in s3.list_objects_v2(Bucket=user.bucket, Prefix=prefix).get("Contents", []):
            total += s3.get_object(Bucket=user.bucket, Key=item["Key"])["Body"].read().count(b"\n")
    return total


def _made_anew(user: Settings) -> bool:
    admin = AdminClient(as_user(user))
    if any(topic in admin.list_topics(timeout=TIMEOUT_SECONDS).topics for topic, _ in all_partitions(user)):
        return False
    return ensure_topics(user) == []


def _delete_records(user: Settings, before: dict[tuple[str, int], int]) -> None:
    admin = AdminClient(as_user(user))
    requests = admin.delete_records(
        [TopicPartition(*partition, offset) for partition, offset in before.items()]
    )
    for request in requests.values():
        request.result(TIMEOUT_SECONDS)
