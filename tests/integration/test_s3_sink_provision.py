"""Topics and bucket are made where they are missing; of topics that are not, the bounds of size follow the settings."""

from pathlib import Path

from confluent_kafka.admin import AdminClient, ConfigResource, ResourceType

from common.bucket import KEY, give_identity, identity
from common.clients import s3_client
from common.settings import Settings
from common.wait import wait_until
from contracts.tables import TABLES, Table
from services.provision.bucket import ensure_bucket
from services.provision.topics import ensure_topics
from tests.integration.s3_sink_lab import TIMEOUT_SECONDS, bucket_exists, isolated_user
from tests.kafka_clients import as_user

MB = 1024**2


def test_topics_are_made_once(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, topics=False, KAFKA_PARTITIONS=2)
    assert ensure_topics(user) == []
    assert ensure_topics(user) == []
    admin = AdminClient(as_user(user))
    topics = admin.list_topics(timeout=TIMEOUT_SECONDS).topics
    assert [len(topics[user.topic(table)].partitions) for table in TABLES] == [2, 2, 2]
    assert held(user, "pin") == {
        "retention.bytes": str(user.kafka.retention_bytes),
        "retention.ms": "-1",
        "segment.bytes": str(user.kafka.segment_bytes),
    }


def held(user: Settings, table: Table) -> dict[str, str]:
    """Return what bounds a topic."""
    resource = ConfigResource(ResourceType.TOPIC, user.topic(table))
    admin = AdminClient(as_user(user))
    config = admin.describe_configs([resource])[resource].result(TIMEOUT_SECONDS)
    return {name: config[name].value for name in ("retention.bytes", "retention.ms", "segment.bytes")}


def test_topics_get_the_bounds_that_were_changed(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, KAFKA_RETENTION_BYTES=64 * MB)
    lower = user.replace(KAFKA_RETENTION_BYTES=32 * MB)
    assert ensure_topics(lower) == [
        f"topic {user.topic(table)} has retention.bytes {32 * MB} rather than {64 * MB},"
        f" segment.bytes {2 * MB} rather than {4 * MB} from now on, by KAFKA_RETENTION_BYTES"
        for table in TABLES
    ]
    bounds = {"retention.bytes": str(32 * MB), "retention.ms": "-1", "segment.bytes": str(2 * MB)}

    def all_have_them() -> bool:
        return all(held(user, table) == bounds for table in TABLES)

    # The controller's answer comes first; the broker knows of it a moment later.
    wait_until(all_have_them, timeout=TIMEOUT_SECONDS, what="the topics to have the bounds")
    assert ensure_topics(lower) == []


def test_fewer_partitions_are_reported_and_more_are_no_matter(kafka: Settings, tmp_path: Path) -> None:
    user = isolated_user(kafka, tmp_path, KAFKA_PARTITIONS=3)
    wider, narrower = (user.replace(KAFKA_PARTITIONS=number) for number in (4, 1))
    assert ensure_topics(wider) == [
        f"topic {user.topic(table)} has 3 partitions, KAFKA_PARTITIONS is 4; it is left as it is"
        for table in TABLES
    ]
    assert ensure_topics(narrower) == []
    topics = AdminClient(as_user(user)).list_topics(timeout=TIMEOUT_SECONDS).topics
    assert [len(topics[user.topic(table)].partitions) for table in TABLES] == [3, 3, 3]


def test_the_bucket_is_made_once(localstack: Settings, tmp_path: Path) -> None:
    user = isolated_user(localstack, tmp_path, topics=False, granted=False)
    assert not bucket_exists(user)
    ensure_bucket(user)
    s3 = s3_client(user)
    first = identity(s3, user.bucket)
    assert first is not None
    s3.put_object(Bucket=user.bucket, Key="kept", Body=b"")
    ensure_bucket(user)
    give_identity(s3, user.bucket)  # as another one that makes it at the same time
    assert identity(s3, user.bucket) == first
    assert {each["Key"] for each in s3.list_objects_v2(Bucket=user.bucket)["Contents"]} == {KEY, "kept"}
